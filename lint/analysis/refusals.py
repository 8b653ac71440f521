"""What the builder refuses after it has parsed a file, as far as the file alone decides it.

Values are looked at with the variables put in that the file sets; what only the build decides is passed over. Stages that the
target does not need are looked at too: `docker build --check` does so, and each may be a target. Source: BuildKit,
frontend/dockerfile/dockerfile2llb.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.catalogue.builder_releases import NEWEST, Release
from dockerlint.lint.catalogue.platforms import platform_problem
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.content_digest import digest_problem
from dockerlint.lint.syntax.git_reference import GitReference
from dockerlint.lint.syntax.nodes import Problem
from dockerlint.lint.syntax.permission_mode import mode_problem
from dockerlint.lint.syntax.ports import port_problem
from dockerlint.lint.syntax.run_devices import device_problem
from dockerlint.lint.syntax.run_mounts import mount_problem, parse_mount
from dockerlint.lint.syntax.signals import signal_problem
from dockerlint.lint.syntax.word_expansion import ExpansionError, expand, expand_words, variables

from .builder_features import used_features
from .source_date_epoch import epoch_problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.syntax.nodes import Flag, Stage, Word

    from .facts import Facts

DOWNLOADS = ("http://", "https://")
# A stage's number, as the builder's own language reads one.
_NUMBER = regex(r"[+-]?\d{1,18}\Z")


def refusals(facts: Facts) -> Iterator[Problem]:
    """What the builder refuses, in file order."""
    yield from epoch_problem(facts)
    for stage in facts.doc.stages:
        yield from _from(facts, stage)
    for node in facts.every(nodes.Instruction):
        match node:
            case nodes.Copy():
                yield from _copy(facts, node)
            case nodes.Run():
                yield from _run(facts, node)
            case nodes.Expose():
                yield from _expose(facts, node)
            case nodes.Volume():
                yield from (
                    Problem(word.span, "VOLUME has an empty path")
                    for word in node.words
                    if not _text(facts, word.text, node, "?")
                )
            case nodes.Stopsignal():
                problem = signal_problem(_text(facts, node.argument.text, node, "TERM"))
                yield from _at(node.argument, problem)
            case _:
                pass
    yield from _later_stages(facts)
    yield from _newer_features(facts)


def _at(place: Word | Flag, problem: str | None) -> Iterator[Problem]:
    if problem:
        yield Problem(place.span, problem)


def _text(facts: Facts, text: str, node: nodes.Instruction, otherwise: str) -> str:
    """A word with its variables put in; something that is right where they are not known."""
    found = facts.expand(text, node)
    return otherwise if found is None else found


def _from(facts: Facts, stage: Stage) -> Iterator[Problem]:
    node = stage.from_
    if facts.expand_global(node.image.text) == "" and not _is_declared(facts, node.image.text):
        yield Problem(
            node.image.span, f"FROM {node.image.text} names no image: no ARG above the first FROM sets the variable"
        )
    flag = node.flag("platform")
    if flag is None or not flag.value:
        return
    platform = facts.expand_global(flag.value)
    if platform == "" and not _is_declared(facts, flag.value):
        yield Problem(flag.span, f"{flag.value} is empty: no ARG above the first FROM sets the variable")
    elif platform:
        yield from _at(flag, platform_problem(platform))


def _is_declared(facts: Facts, text: str) -> bool:
    """Whether a build argument may change what the builder makes of a text of FROM."""
    try:
        return any(reference.name in facts.global_args for reference in variables(text, facts.doc.escape))
    except ExpansionError:
        return True


# ------------------------------------------------------------ COPY and ADD


def _copy(facts: Facts, node: nodes.Copy) -> Iterator[Problem]:
    flag = node.flag("chmod")
    mode = _flag_text(facts, node, "chmod")
    if flag and mode:
        yield from _at(flag, mode_problem(mode))
    source = node.flag("from")
    if source and source.value and _is_expanded(source.value, facts.doc.escape):
        advice = "name a stage FROM that image and copy from it"
        yield Problem(source.span, f"`COPY --from={source.value}`: --from takes no variables; {advice}")
    if isinstance(node, nodes.Add):
        yield from _add(facts, node)
        return
    for word in node.paths:
        text = _text(facts, word.text, node, "")
        if GitReference.parse(text):
            yield Problem(word.span, f"COPY cannot clone {text}: use ADD")
        elif text.startswith(DOWNLOADS):
            yield Problem(word.span, f"COPY cannot download {text}: use ADD")


def _is_expanded(text: str, escape: str) -> bool:
    """Whether the builder would make something else of a text."""
    try:
        return expand(text, {}, escape) != text
    except ExpansionError:
        return True


def _flag_text(facts: Facts, node: nodes.Instruction, name: str) -> str | None:
    value = node.flag_value(name)
    return facts.expand(value, node) if value else None


def _add(facts: Facts, node: nodes.Add) -> Iterator[Problem]:
    flag = node.flag("checksum")
    checksum = _flag_text(facts, node, "checksum")
    if flag and checksum and (len(node.paths) != 1 or node.heredocs):
        yield Problem(flag.span, "ADD --checksum takes exactly one source, a download or a git repository")
        return
    for word in node.paths:
        text = facts.expand(word.text, node)
        if text is None:
            continue
        git = GitReference.parse(text)
        if git:
            yield from _at(word, git.problem() or _contradiction(node, git, checksum))
        elif flag and checksum and text.startswith(DOWNLOADS):
            yield from _at(flag, digest_problem(checksum))
        elif flag and checksum:
            yield Problem(flag.span, f"ADD --checksum is for downloads and git repositories, not for the file {text}")


def _contradiction(node: nodes.Add, git: GitReference, checksum: str | None) -> str | None:
    """Where the flags say otherwise than the query of the source."""
    if checksum and git.checksum and checksum != git.checksum:
        return f"two commits: --checksum={checksum} and {git.checksum} in the source"
    flag = node.flag("keep-git-dir")
    asked = git.values.get("keep-git-dir")
    if flag is None or asked is None:
        return None
    keeps = (flag.value or "true").lower() == "true"
    return (
        None
        if keeps == (asked in ("", *_TRUE))
        else "--keep-git-dir and keep-git-dir in the source say different things"
    )


_TRUE = ("1", "t", "T", "TRUE", "true", "True")

# ------------------------------------------------------------ RUN, EXPOSE


def _run(facts: Facts, node: nodes.Run) -> Iterator[Problem]:
    for flag in node.flags:
        if flag.value is None:
            continue
        if flag.name == "mount":
            yield from _at(flag, _mount(facts, node, flag.value))
        elif flag.name == "device":
            yield from _at(flag, device_problem(flag.value))


def _mount(facts: Facts, node: nodes.Run, value: str) -> str | None:
    def put_in(text: str) -> str | None:
        variables(text, facts.doc.escape)
        return facts.expand(text, node)

    try:
        return mount_problem(value, put_in, _workdir(facts, node))
    except ExpansionError as error:
        return f"`{value[:40]}`: {error}"


def _workdir(facts: Facts, node: nodes.Run) -> str | None:
    """The working directory of a step; that of a distribution's own image is the root. Source: the official images."""
    workdir = facts.state(node).workdir
    if workdir is not None or any(isinstance(item, nodes.Workdir) for item in facts.before(node)):
        return workdir
    base = facts.base_of(node)
    return "/" if base and base.distribution == base.repository.rpartition("/")[2] else None


def _newer_features(facts: Facts) -> Iterator[Problem]:
    """What the release of the language does not know that the file asks for, or no stable one where it asks for none."""
    directive = facts.doc.directive("syntax")
    asked = Release.of_syntax(directive.value) if directive else Release(NEWEST)
    if asked is None:
        return
    for feature, span, _ in used_features(facts):
        if feature.known_to(asked) or not feature.refused:
            continue
        line = f"# syntax=docker/dockerfile:{feature.release if feature.frontend else '1-labs'}"
        why = f"and line {facts.doc.line(directive.span.start)} asks for {asked}" if directive and asked.minor < NEWEST else "no stable release has it"
        yield Problem(span, f"{feature.what} needs release {feature.release} of the Dockerfile language, {why}: write `{line}` on line 1")


def _expose(facts: Facts, node: nodes.Expose) -> Iterator[Problem]:
    for word in node.words:
        if facts.expand(word.text, node) is None:
            continue
        env = {name: value for name, value in facts.state(node).env.items() if value is not None}
        for text in expand_words(word.text, env, facts.doc.escape):
            if problem := port_problem(text):
                yield Problem(word.span, f"bad port {text!r}: {problem}")


# ------------------------------------------------------------ stages


def _later_stages(facts: Facts) -> Iterator[Problem]:
    """What takes files from a stage that comes later, from its own stage, or from one that is not there."""
    stages = facts.doc.stages
    names = {stage.name: stage.index for stage in stages if stage.name}
    # images that files are copied from get the numbers after the stages'
    numbers = len(stages)
    for stage in stages:
        for node in stage.instructions:
            for flag, reference, is_number in _references(node):
                index = names.get(reference.lower())
                if is_number and _NUMBER.match(reference):
                    index = int(reference)
                    if not 0 <= index < numbers:
                        yield Problem(
                            flag.span, f"no stage {reference}: the file has {len(stages)}, counted from 0"
                        )
                        continue
                elif index is None:
                    numbers += 1
                if index is not None and stage.index <= index < len(stages):
                    yield from _at(flag, _misplaced(facts, reference, index, stage))


def _references(node: nodes.Instruction) -> Iterator[tuple[Flag, str, bool]]:
    """The flags that name a stage, the name, and whether it may be a number."""
    for flag in node.flags:
        if isinstance(node, nodes.Copy) and flag.name == "from" and flag.value and "$" not in flag.value:
            yield flag, flag.value, True
        # whatever the kind of the mount, which the builder looks at later
        if isinstance(node, nodes.Run) and flag.name == "mount" and flag.value:
            mount = parse_mount(flag.value, flag)
            if mount.from_ and "$" not in mount.from_:
                yield flag, mount.from_, False


def _misplaced(facts: Facts, reference: str, index: int, stage: Stage) -> str | None:
    later = facts.doc.stages[index]
    if index == stage.index:
        # who names the own stage is told by DL3023
        return None if later.name == reference.lower() else f"stage {reference} copies files from itself"
    line = facts.doc.line(later.from_.span.start)
    return f"stage {reference} is defined later (line {line}): files come from earlier stages only"
