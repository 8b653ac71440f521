"""Splits a copy of the source tree: the manifests first, then the install, then the rest."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.fixers.cache.cleanup import clean_command
from dockerlint.fixers.edits import delete_lines, has_comment, line_start, with_comments
from dockerlint.fixers.effects.footprint import (
    Clash,
    Footprint,
    absolute,
    command_footprint,
    commands,
    overlap,
    surrounding,
)
from dockerlint.fixers.effects.precedence import Precedence
from dockerlint.fixers.inputs.install_inputs import is_folder, place, trusted
from dockerlint.fixers.inputs.reads.manifest import Manifest, table
from dockerlint.lint.analysis.copy_sources import is_pattern
from dockerlint.lint.catalogue.tool import invocation as invocation_of
from dockerlint.lint.context.dockerignore import clean_path
from dockerlint.lint.engine.findings import Applicability, Fix
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.span import Edit, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.fixers.inputs.install_inputs import Manifests
    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.tool import Invocation
    from dockerlint.lint.shell.script import Command, Script
    from dockerlint.lint.syntax.nodes import Copy, Run

# Flags of a COPY that hold for the copy of its manifests as well.
KEPT_FLAGS = ("chown", "chmod", "link")
# More lines than this are no help to the reader of a file.
MOST_COPIES = 40
PLAIN_NAME = regex(r"[\w./@+-]+")
PLAIN_TARGET = regex(r"[\w./@+${}-]+")


class Parts(Struct, frozen=True):
    """A RUN in two; `changed` says that its commands are not just those that were there."""

    first: str
    rest: str
    changed: bool = False


def split_copy(facts: Facts, copy: Copy, run: Run, invocation: Invocation, reads: Manifests, folder: str) -> Fix | None:
    """The fix that puts manifests and install above the rest of a copy; None when something in between is in the way.

    Its title says why it is not safe.
    """
    if copy.json or copy.flag("parents") or copy.flag("exclude") or run.heredocs:
        return None
    level = _way_down(facts, copy, run)
    target = facts.path(copy.destination.text, copy)
    parts = _parts(facts, run, invocation, reads, target, folder) if target is not None else None
    copies = _manifest_copies(facts, copy, reads, folder)
    if level is Clash.CERTAIN or target is None or parts is None or copies is None:
        return None
    trust, why = trusted(facts, run, invocation, reads)
    if trust is Applicability.SAFE:
        why = _doubt(facts, run, invocation, reads, target, folder, parts, level) or _mixed(facts, copy)
        trust = Applicability.UNSAFE if why else trust
    title = "copy the manifests first, then install, then copy the rest"
    return Fix(f"{title} (not proven: {why})" if why else title, _edits(facts, copy, run, copies, parts), trust)


def _edits(facts: Facts, copy: Copy, run: Run, copies: str, parts: Parts) -> tuple[Edit, ...]:
    doc = facts.doc
    newline = doc.newline
    start, end = with_comments(doc, copy)
    moved = doc.source(Span(start, end))
    moved = moved if moved.endswith("\n") else moved + newline
    moved = newline + moved if start < line_start(doc, copy.span.start) else moved
    above = with_comments(doc, run).start
    comments = doc.text[above : line_start(doc, run.span.start)]
    text = f"{copies}{comments}{parts.first}{newline}{moved}"
    line_end = doc.text.find("\n", run.span.end)
    below = len(doc.text) if line_end < 0 else line_end + 1
    text += parts.rest + newline if parts.rest else ""
    if line_end < 0:
        text = text.removesuffix(newline)
    return delete_lines(doc, Span(start, end)), Edit(Span(above, below), text)


def _doubt(
    facts: Facts, run: Run, invocation: Invocation, reads: Manifests, target: str, folder: str, parts: Parts, level: Clash
) -> str | None:
    """Why the image may not be the same although the install reads nothing but its manifests."""
    if parts.rest or parts.changed:
        return "the step is written anew" if parts.changed else "the step is cut in two"
    if level is not Clash.NONE:
        return "a step in between may touch what is copied"
    if not _leaves_alone(facts, run, invocation, target):
        return "the install may touch other files there"
    if not _overlays_nothing(facts, run, invocation, reads, folder):
        return "the copy brings what the install writes"
    return None


def _mixed(facts: Facts, copy: Copy) -> str | None:
    """Why a manifest may not be the one that is known: of several sources with the same name in them the last one wins."""
    sources = [facts.expand(word.text, copy) for word in copy.paths]
    folders = [source for source in sources if source is None or is_folder(facts.context, source, clean_path(source))]
    if (folders and len(sources) > 1) or any(_takes_folders(facts, source) for source in sources if source is not None):
        return "several folders are copied into one"
    return None


def _takes_folders(facts: Facts, source: str) -> bool:
    """Whether a pattern stands for a folder, whose content is what a COPY takes of it."""
    clean = clean_path(source)
    return is_pattern(clean) and facts.context is not None and any(name.count("/") > clean.count("/") for name in facts.context.select(clean))


def _leaves_alone(facts: Facts, run: Run, invocation: Invocation, target: str) -> bool:
    """Whether the install touches nothing at the copy's place but what it is run for; no configuration lies there."""
    if invocation.action != "install" or Footprint.of(surrounding(facts, run)).at(target) is not Clash.NONE:
        return False
    prefix = invocation.option("--prefix")
    if prefix is not None and _reaches(prefix, target, facts.state(run).workdir):
        return False
    home = facts.home(run)
    caches = (item.path for item in invocation.tool.cache_homes(home or "/"))
    if home is None or any(overlap(path, target) for path in (*commands().system, *caches)):
        return False
    # in a folder of its own below the home there is nothing that the tool looks for
    top = home.rstrip("/") + "/"
    below = target.startswith(top) and not target.removeprefix(top).startswith((".", "/")) and target != top
    return below or not overlap(home, target)


def _overlays_nothing(facts: Facts, run: Run, invocation: Invocation, reads: Manifests, folder: str) -> bool:
    """Whether the rest of the copy does not write over what the install has written, beside any of its manifests.

    A lock file is no loss where nothing reads it any more (`locks`), or the install does not write it.
    """
    if facts.context is None:
        return False
    tool = invocation.tool
    locks = {lock.file for lock in tool.locks}
    frozen = tool.action(invocation.action).frozen
    if (
        invocation.has(name for name in frozen if name.startswith("-"))
        or invocation.subcommand in frozen
        or not facts.state(run).env.keys().isdisjoint(frozen)
    ):
        locks.update(tool.manifests)
    paths = [posixpath.normpath(posixpath.join(folder, name)) for name in reads.files]
    folders = {folder, *paths, *(posixpath.dirname(path) for path in paths)}
    written = {posixpath.join(top, name) for top in folders for name in tool.writes if name not in locks}
    return not any(not written.isdisjoint(_with_parents(path)) for path in facts.context.files)


def _with_parents(path: str) -> Iterator[str]:
    while path:
        yield path
        path = posixpath.dirname(path)


def _way_down(facts: Facts, copy: Copy, run: Run) -> Clash:
    """Whether the copy may go below all that stands between it and the RUN."""
    stage = facts.stage_of(copy)
    nodes_between = (node for node in stage.instructions if copy.span.end <= node.span.start < run.span.start)
    relation = Precedence(facts)
    return max((relation.level(copy, node) for node in nodes_between), default=Clash.NONE)


def _manifest_copies(facts: Facts, copy: Copy, reads: Manifests, folder: str) -> str | None:
    """One COPY for the manifests of each folder, to where the whole copy puts them: a COPY of several would put them all
    into one. None when a name is one that cannot be written without quotes.
    """
    target = copy.destination.text.rstrip("/") or "/"
    if not PLAIN_TARGET.fullmatch(target):
        return None
    keyword = "COPY" if copy.keyword.text.isupper() else "copy"
    flags = [facts.doc.source(flag.span) for flag in copy.flags if flag.name in KEPT_FLAGS]
    groups: dict[str, list[str]] = {}
    for name in reads.files:
        path = posixpath.normpath(posixpath.join(folder, name))
        below = place(facts, copy, path)
        if below is None or not PLAIN_NAME.fullmatch(path):
            return None
        if facts.context is not None and path not in facts.context.files and facts.context.has(path):
            # of a folder a COPY takes what is in it
            below = posixpath.join(below, posixpath.basename(path))
        groups.setdefault(below, []).append(path)
    if len(groups) > MOST_COPIES:
        return None
    lines = []
    for below, files in groups.items():
        place_text = posixpath.join(target, below) if below else target
        lines.append(" ".join([keyword, *flags, *files, place_text.rstrip("/") + "/"]))
    return "".join(line + facts.doc.newline for line in lines) or None


def _parts(
    facts: Facts, run: Run, invocation: Invocation, reads: Manifests, target: str, folder: str
) -> Parts | None:
    """The RUN as text in two: up to the install, and what follows it and needs the source; None when it cannot be cut.

    An install that takes the source of the project itself is there twice: without the project first.
    """
    doc = facts.doc
    stubs = _stubs(facts, invocation, reads, folder)
    if invocation.action != "install":
        prefetch = invocation.tool.prefetch
        if not prefetch:
            return None
        flags = "".join(f" {doc.source(flag.span)}" for flag in run.flags)
        # by the name that the file calls it by, such as ./mvnw
        command = _with_stubs(clean_command(invocation, prefetch), stubs)
        return Parts(f"{run.keyword.text}{flags} {command}", doc.source(run.span), changed=True)
    if reads.first is not None:
        flags = "".join(f" {doc.source(flag.span)}" for flag in run.flags)
        return Parts(f"{run.keyword.text}{flags} {reads.first}", doc.source(run.span), changed=True)
    script = facts.script(run)
    without = invocation.tool.action("install").without_project.get(invocation.subcommand, ())
    more = [option for option in without if not invocation.has((option,))] if reads.needs_project else []
    if script is None:
        return Parts(doc.source(run.span), "") if isinstance(run.form, nodes.Exec) and not more and not stubs else None
    if not script.chained or script.heredoc or not _stands_alone(facts, run, script, invocation, target):
        return None
    return _twice(facts, run, script, invocation, more) if more else _cut(facts, run, script, invocation, stubs, target)


def _stands_alone(facts: Facts, run: Run, script: Script, invocation: Invocation, target: str) -> bool:
    """Whether nothing up to the install in its RUN needs the source."""
    before = script.commands[: script.commands.index(invocation.command)]
    workdir = facts.state(run).workdir
    return all(
        _belongs(invocation, command) or _needs_no_source(facts, run, command, target) for command in (*script.tests, *before)
    ) and not any(
        redirect.target is None or _reaches(redirect.target.text, target, workdir)
        for redirect in invocation.command.redirects
    )


def _twice(facts: Facts, run: Run, script: Script, invocation: Invocation, more: list[str]) -> Parts | None:
    """The RUN up to the install with more options, and the install as it is with what follows it."""
    doc = facts.doc
    install = invocation.command.whole
    before = script.commands[: script.commands.index(invocation.command)]
    if script.tests or any(command.lasting for command in before):
        return None
    word = invocation.subcommand_words[-1] if invocation.subcommand_words else invocation.words[0]
    options = "".join(f" {option}" for option in more)
    first = doc.text[run.span.start : word.span.end] + options + doc.text[word.span.end : install.end]
    prefix = doc.text[run.span.start : script.core.start]
    return Parts(first, prefix + doc.text[install.start : run.span.end], changed=True)


def _cut(
    facts: Facts, run: Run, script: Script, invocation: Invocation, stubs: list[str], target: str
) -> Parts | None:
    """The RUN up to the install and what follows that needs no source, and the rest of it."""
    doc = facts.doc
    at = script.commands.index(invocation.command)
    last = at
    for index in range(at + 1, len(script.commands)):
        command = script.commands[index]
        if not _belongs(invocation, command) and not _needs_no_source(facts, run, command, target):
            break
        last = index
    install = invocation.command.whole
    head = doc.text[run.span.start : install.start] + _with_stubs(doc.source(install), stubs)
    if last == len(script.commands) - 1:
        return Parts(head + doc.text[install.end : run.span.end], "", changed=bool(stubs))
    gap = Span(script.commands[last].whole.end, script.commands[last + 1].whole.start)
    if script.tests or has_comment(doc, gap) or any(command.lasting for command in script.commands[: last + 1]):
        return None
    prefix = doc.text[run.span.start : script.core.start]
    return Parts(head + doc.text[install.end : gap.start], prefix + doc.text[gap.end : run.span.end], changed=bool(stubs))


def _stubs(facts: Facts, invocation: Invocation, reads: Manifests, folder: str) -> list[str]:
    """The source files that an install wants to see beside its manifests: empty ones do."""
    stub, context = invocation.tool.stub, facts.context
    if stub is None or context is None:
        return []
    found = []
    for name in reads.files:
        if posixpath.basename(name) != invocation.tool.manifests[0]:
            continue
        path = posixpath.normpath(posixpath.join(folder, name))
        data = Manifest(context, path, context.read(path) or "").toml() or {}
        if "package" in data and "path" not in table(data.get("lib")):
            found.append(posixpath.join(posixpath.dirname(name), stub))
    return found


def _with_stubs(command: str, stubs: list[str]) -> str:
    if not stubs:
        return command
    folders = " ".join(dict.fromkeys(posixpath.dirname(path) for path in stubs))
    return f"mkdir -p {folders} && touch {' '.join(stubs)} && {command} && rm -r {folders}"


def _needs_no_source(facts: Facts, run: Run, command: Command, target: str) -> bool:
    """Whether a command surely reads and writes nothing of the project."""
    if command.name in ("cd", "pushd", "."):
        return False
    return command_footprint(facts, run, command).at(target) is not Clash.CERTAIN


def _belongs(invocation: Invocation, command: Command) -> bool:
    """Whether a command is part of the install: of the same tool, and reads no more than it."""
    other = invocation_of(command)
    if other is None or other.tool is not invocation.tool or other.words != command.words or command.redirects:
        return False
    plain = other.action == "install" and other.subcommand in other.tool.action("install").plain
    return (plain or other.action == "refresh") and not other.operands and other.tool.kind == "build"


def _reaches(text: str, target: str, workdir: str | None) -> bool:
    path = absolute(text, workdir)
    return path is None or overlap(path, target)
