"""Splits a copy of the source tree: the manifests first, then the install, then the rest."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.fixers.cache.cleanup import clean_command
from dockerlint.fixers.edits import delete_lines, has_comment, line_start, with_comments, with_flags
from dockerlint.fixers.effects.footprint import Clash, Footprint, command_footprint, commands, overlap, surrounding
from dockerlint.fixers.inputs.image_paths import absolute
from dockerlint.fixers.inputs.install_inputs import is_folder, place, project_flag, trusted
from dockerlint.fixers.inputs.project_install import bringer, image_paths_of, paths_of, working_folder
from dockerlint.fixers.inputs.reads.closure import closure
from dockerlint.fixers.inputs.reads.manifest import Manifest, table
from dockerlint.fixers.refusal import Refusal
from dockerlint.lint.analysis.copy_sources import is_pattern
from dockerlint.lint.catalogue.name_patterns import matches_any
from dockerlint.lint.catalogue.tool import invocation as invocation_of
from dockerlint.lint.context.dockerignore import clean_path
from dockerlint.lint.engine.findings import Applicability, Fix
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.span import Edit, Span

from .compiled_dependencies import cargo_build, compile_command
from .step_order import joined
from .way_down import way_down

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dockerlint.fixers.inputs.project_install import ProjectInstall
    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.tool import Invocation
    from dockerlint.lint.shell.script import Command, Script
    from dockerlint.lint.syntax.nodes import Copy, Run

    from .way_down import WayDown

# Flags of a COPY that hold for the copy of its manifests as well.
KEPT_FLAGS = ("chown", "chmod", "link")
# More lines than this are no help to the reader of a file.
MOST_COPIES = 40
LONGEST_QUOTE = 40
NO_CUT = "the RUN cannot be split: commands before the install change what follows"
PLAIN_NAME = regex(r"[\w./@+-]+")
PLAIN_WORD = regex(r"[\w./:=,@+-]+")
PLAIN_TARGET = regex(r"[\w./@+${}-]+")


class Parts(Struct, frozen=True):
    """A RUN in two; `changed` says that its commands are not just those that were there."""

    first: str
    rest: str
    changed: bool = False


def split_copy(facts: Facts, copies: Sequence[Copy], install: ProjectInstall, others: Sequence[ProjectInstall]) -> Fix | Refusal:
    """The fix that puts manifests and install above the rest of copies, given in file order; or why there is none.

    `others` are further installs of the stage. The title says why it is not safe.
    """
    run = install.run
    if any(copy.flag("parents") for copy in copies):
        return Refusal("dlint does not rewrite `COPY --parents`")
    if run.heredocs:
        return Refusal("dlint does not split a heredoc: write the commands with `&&`")
    if install.reads.known and not install.reads.files:
        return Refusal(install.reads.why or "it has no manifest that can be copied alone")
    if install.reads.fails is not None and not install.reads.needs_project:
        return Refusal(install.reads.fails)
    target = facts.path(copies[0].destination.text, copies[0])
    if target is None:
        return Refusal("dlint does not know the folder that it copies to: set an absolute WORKDIR")
    down = way_down(facts, copies, install, others)
    if isinstance(down, Refusal):
        return down
    trust, why = trusted(facts, run, install.invocation, install.reads)
    if trust is Applicability.DISPLAY and facts.context is not None:
        return Refusal(why or "dlint does not know which files it reads")
    parts = _parts(facts, install, target)
    if isinstance(parts, Refusal):
        return parts
    parts = _with_compile(facts, install, parts)
    texts = _manifest_copies(facts, down, install)
    if isinstance(texts, Refusal):
        return texts
    if trust is Applicability.SAFE:
        why = _doubt(facts, install, parts, down) or next(filter(None, (_mixed(facts, copy) for copy in copies)), None)
        trust = Applicability.UNSAFE if why else trust
    title = "copy the manifests first, then install, then copy the rest"
    return Fix(f"{title} (not proven: {why})" if why else title, _edits(facts, down, run, texts, parts), trust)


def _edits(facts: Facts, down: WayDown, run: Run, copies: str, parts: Parts) -> tuple[Edit, ...]:
    doc = facts.doc
    newline = doc.newline
    moved, gone = "", []
    for node in down.moved:
        start, end = with_comments(doc, node)
        text = doc.source(Span(start, end))
        if node.span.start in down.absolute and isinstance(node, nodes.Copy):
            word = node.destination.span
            path = facts.path(node.destination.text, node) or node.destination.text
            text = doc.source(Span(start, word.start)) + path + doc.source(Span(word.end, end))
        text = text if text.endswith("\n") else text + newline
        moved += newline + text if start < line_start(doc, node.span.start) and not moved else text
        gone.append(Span(start, end))
    above = with_comments(doc, run).start
    comments = doc.text[above : line_start(doc, run.span.start)]
    text = f"{copies}{comments}{parts.first}{newline}{moved}"
    line_end = doc.text.find("\n", run.span.end)
    below = len(doc.text) if line_end < 0 else line_end + 1
    text += parts.rest + newline if parts.rest else ""
    if line_end < 0:
        text = text.removesuffix(newline)
    return *(delete_lines(doc, span) for span in joined(gone)), Edit(Span(above, below), text)


def _doubt(facts: Facts, install: ProjectInstall, parts: Parts, down: WayDown) -> str | None:
    """Why the image may not be the same although the install reads nothing but its manifests."""
    if parts.rest or parts.changed:
        return "the RUN is rewritten" if parts.changed else "the RUN is split in two"
    if len(down.moved) > 1 or down.absolute:
        return "other instructions move too"
    if down.level is not Clash.NONE:
        return "an instruction in between may touch the copied files"
    for item in (install, *down.installs):
        trust, why = trusted(facts, item.run, item.invocation, item.reads)
        if trust is not Applicability.SAFE:
            return why
        if not _leaves_alone(facts, item.run, item.invocation, down.spots):
            return "the install may change other files there"
        if not _overlays_nothing(facts, item):
            return "the copy overwrites what the install writes"
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


def _leaves_alone(facts: Facts, run: Run, invocation: Invocation, spots: tuple[str, ...]) -> bool:
    """Whether the install touches nothing of what is copied but what it is run for; no configuration lies there."""
    around = Footprint.of(surrounding(facts, run))
    if invocation.action != "install" or any(around.at(spot) is not Clash.NONE for spot in spots):
        return False
    prefix = invocation.option("--prefix")
    workdir = facts.state(run).workdir
    if prefix is not None and any(_reaches(prefix, spot, workdir) for spot in spots):
        return False
    home = facts.home(run)
    caches = (item.path for item in invocation.tool.cache_homes(home or "/"))
    elsewhere = (*commands().system, *caches)
    if home is None or any(overlap(path, spot) for path in elsewhere for spot in spots):
        return False
    return all(_below(home, spot) or not overlap(home, spot) for spot in spots)


def _below(home: str, spot: str) -> bool:
    """Whether a path is a folder of its own below the home: in it there is nothing that the tool looks for."""
    top = home.rstrip("/") + "/"
    return spot.startswith(top) and not spot.removeprefix(top).startswith((".", "/")) and spot != top


def _overlays_nothing(facts: Facts, install: ProjectInstall) -> bool:
    """Whether the rest of the copy does not write over what the install has written, beside any of its manifests.

    A lock file is no loss where nothing reads it any more (`locks`), or the install does not write it.
    """
    if facts.context is None:
        return False
    invocation, folder = install.invocation, install.folder
    tool = invocation.tool
    locks = {lock.file for lock in tool.locks}
    frozen = tool.action(invocation.action).frozen
    if (
        invocation.has(name for name in frozen if name.startswith("-"))
        or invocation.subcommand in frozen
        or not facts.state(install.run).env.keys().isdisjoint(frozen)
    ):
        locks.update(tool.manifests)
    adds = invocation.operands and invocation.subcommand in tool.action(invocation.action).adds
    paths = paths_of(install)
    folders = {folder, *paths, *(posixpath.dirname(path) for path in paths)}
    written = {posixpath.join(top, name) for top in folders for name in (*tool.writes, *(tool.roots if adds else ())) if name not in locks}
    return not any(not written.isdisjoint(_with_parents(path)) for path in facts.context.files)


def _with_parents(path: str) -> Iterator[str]:
    while path:
        yield path
        path = posixpath.dirname(path)


def _manifest_copies(facts: Facts, down: WayDown, install: ProjectInstall) -> str | Refusal:
    """One COPY for the manifests of each folder, to where the moved copies put them: a COPY of several would put them all into
    one. Those that a copy which stays above brings are there.
    """
    groups: dict[tuple[int, str], list[str]] = {}
    copies = {node.span.start: node for node in down.moved if isinstance(node, nodes.Copy)}
    for item in (install, *down.installs):
        for path, image_path in zip(paths_of(item), image_paths_of(item), strict=True):
            found = bringer(facts, item.run, image_path)
            if found is None:
                return Refusal(f"no earlier COPY brings {path}")
            copy, source = found
            if copy.span.start not in copies:
                continue
            if source != path and (why := _stands_in(facts, source)) is not None:
                return Refusal(why)
            if not PLAIN_NAME.fullmatch(source):
                return Refusal(f"the name {source} needs quotes")
            if any(matches_any(name, _excluded(copy)) for name in (source, posixpath.basename(source))):
                return Refusal(f"`COPY --exclude` leaves {source} out")
            files = groups.setdefault((copy.span.start, _folder(facts, copy, source)), [])
            if source not in files:
                files.append(source)
    if len(groups) > MOST_COPIES:
        return Refusal(f"its manifests are in more than {MOST_COPIES} folders")
    lines = []
    for (start, below), files in groups.items():
        line = _copy_line(facts, copies[start], files, below, absolute=start in down.absolute)
        if line is None:
            return Refusal(f"the name {copies[start].destination.text} needs quotes")
        lines.append(line)
    return "".join(line + facts.doc.newline for line in lines)


def _copy_line(facts: Facts, copy: Copy, files: list[str], below: str, *, absolute: bool) -> str | None:
    """A COPY of some files to a folder below another one's destination; None when that needs quotes."""
    target = copy.destination.text.rstrip("/") or "/"
    if absolute:
        target = facts.path(copy.destination.text, copy) or target
    if not PLAIN_TARGET.fullmatch(target):
        return None
    keyword = "COPY" if copy.keyword.text.isupper() else "copy"
    flags = [facts.doc.source(flag.span) for flag in copy.flags if flag.name in KEPT_FLAGS]
    place_text = posixpath.join(target, below) if below else target
    return " ".join([keyword, *flags, *files, place_text.rstrip("/") + "/"])


def _folder(facts: Facts, copy: Copy, path: str) -> str:
    """The folder below a COPY's destination that it puts a file, or what is in a folder, into."""
    below = place(facts, copy, path) or ""
    context = facts.context
    if context is not None and path not in context.files and context.has(path):
        # of a folder a COPY takes what is in it
        return posixpath.join(below, posixpath.basename(path))
    return below


def _stands_in(facts: Facts, path: str) -> str | None:
    """Why a manifest that a later COPY puts in another's place may need more files than that; None when it needs none."""
    if facts.context is None:
        return f"{path} replaces another manifest"
    return None if closure(facts.context, [path]).files == (path,) else f"{path} replaces another manifest and names other files"


def _excluded(copy: Copy) -> list[str]:
    return [posixpath.normpath(flag.value) for flag in copy.flags if flag.name == "exclude" and flag.value]


def _parts(facts: Facts, install: ProjectInstall, target: str) -> Parts | Refusal:
    """The RUN as text in two: up to the install, and what follows it and needs the source; or why it cannot be cut.

    An install that takes the source of the project itself is there twice: without the project first.
    """
    doc = facts.doc
    run, invocation, reads = install.run, install.invocation, install.reads
    stubs = _stubs(facts, install)
    if invocation.action != "install":
        prefetch = invocation.tool.prefetch
        if not prefetch:
            return Refusal(f"{invocation.tool.name} has no command that only downloads dependencies")
        # by the name that the file calls it by, such as ./mvnw
        return _first(facts, install, cargo_build(facts, install) or _with_stubs(clean_command(invocation, prefetch), stubs))
    if reads.first is not None:
        return _first(facts, install, reads.first)
    if install.through is not None:
        return _called(facts, install)
    script = facts.script(run)
    without = invocation.tool.action("install").without_project.get(invocation.subcommand, ())
    more = [option for option in without if not invocation.has((option,))] if reads.needs_project else []
    if script is None:
        plain = isinstance(run.form, nodes.Exec) and not more and not stubs
        return Parts(doc.source(run.span), "") if plain else Refusal("dlint cannot read scripts of this SHELL")
    if script.heredoc or not script.sound:
        return Refusal("dlint cannot split this script: write it as commands with `&&`")
    if (needy := _in_the_way(facts, install, script, target)) is not None:
        return Refusal(f"`{needy}` comes first in the same RUN and may need the source: give it a RUN of its own")
    return _twice(facts, install, script, more) if more else _cut(facts, install, script, stubs, target)


def _first(facts: Facts, install: ProjectInstall, command: str) -> Parts:
    """A RUN of its own for a command that only fetches, in front of the install as it is."""
    doc, run = facts.doc, install.run
    flags = [doc.source(flag.span) for flag in run.flags]
    line = with_flags(doc, run.keyword.text, flags, _enter(facts, install) + command)
    return Parts(line, doc.source(run.span), changed=True)


def _called(facts: Facts, install: ProjectInstall) -> Parts | Refusal:
    """A RUN with the install that a script of the context does, and the RUN that calls the script as it is."""
    doc, invocation = facts.doc, install.invocation
    command = invocation.command
    if invocation.subcommand in invocation.tool.action("install").afresh:
        return Refusal(f"`{_short(doc.source(install.command.whole))}` runs `{install.name}`, which installs all again: give the install a RUN of its own")
    if command.redirects or not all(PLAIN_WORD.fullmatch(word.text) for word in (*command.assignments, *command.words)):
        return Refusal(f"`{install.name}` depends on what else `{_short(doc.source(install.command.whole))}` does: give it a RUN of its own")
    return _first(facts, install, " ".join(word.text for word in (*command.assignments, *command.words)))


def _with_compile(facts: Facts, install: ProjectInstall, parts: Parts) -> Parts:
    """The parts with a RUN more that compiles what was fetched, where a build below would do so after each edit."""
    command = compile_command(facts, install)
    if command is None:
        return parts
    line = _first(facts, install, command).first
    return Parts(f"{parts.first}{facts.doc.newline}{line}", parts.rest, changed=True)


def _enter(facts: Facts, install: ProjectInstall) -> str:
    """The `cd` to where an install works, where that is not its RUN's own folder."""
    there = install.place if project_flag(install.invocation) is not None else install.cwd
    return "" if there is None or there == facts.state(install.run).workdir else f"cd {there} && "


def _in_the_way(facts: Facts, install: ProjectInstall, script: Script, target: str) -> str | None:
    """What of a RUN comes before its install, or beside it, and may need the source; None when nothing does."""
    before = script.commands[: script.commands.index(install.invocation.command)]
    for command in (*script.tests, *before):
        if command.name == "cd" and not command.sometimes and not command.redirects:
            continue
        if not (_belongs(install.invocation, command) or _needs_no_source(facts, install.run, command, target)):
            return _short(facts.doc.source(command.whole))
    workdir = facts.state(install.run).workdir
    for redirect in install.invocation.command.redirects:
        if redirect.target is None or _reaches(redirect.target.text, target, workdir):
            return _short(facts.doc.source(redirect.span))
    return None


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= LONGEST_QUOTE else plain[: LONGEST_QUOTE - 3] + "..."


def _twice(facts: Facts, install: ProjectInstall, script: Script, more: list[str]) -> Parts | Refusal:
    """The RUN up to the install with more options, and the install as it is with what follows it."""
    doc, run, invocation = facts.doc, install.run, install.invocation
    span = invocation.command.whole
    before = script.commands[: script.commands.index(invocation.command)]
    lead = _lead(facts, before)
    if not _is_chain(script) or script.tests or lead is None:
        return Refusal(NO_CUT)
    word = invocation.subcommand_words[-1] if invocation.subcommand_words else invocation.words[0]
    options = "".join(f" {option}" for option in more)
    first = doc.text[run.span.start : word.span.end] + options + doc.text[word.span.end : span.end]
    prefix = doc.text[run.span.start : script.core.start]
    return Parts(first, prefix + lead + doc.text[span.start : run.span.end], changed=True)


def _cut(facts: Facts, install: ProjectInstall, script: Script, stubs: list[str], target: str) -> Parts | Refusal:
    """The RUN up to the install and what follows that needs no source, and the rest of it."""
    doc, run, invocation = facts.doc, install.run, install.invocation
    at = script.commands.index(invocation.command)
    last = at
    for index in range(at + 1, len(script.commands)):
        command = script.commands[index]
        if not _belongs(invocation, command) and not _needs_no_source(facts, run, command, target):
            break
        last = index
    span = invocation.command.whole
    head = doc.text[run.span.start : span.start] + _with_stubs(doc.source(span), stubs)
    if last == len(script.commands) - 1:
        return Parts(head + doc.text[span.end : run.span.end], "", changed=bool(stubs))
    gap = Span(script.commands[last].whole.end, script.commands[last + 1].whole.start)
    lead = _lead(facts, script.commands[: last + 1])
    if not _is_chain(script) or script.tests or has_comment(doc, gap) or lead is None:
        return Refusal(NO_CUT)
    prefix = doc.text[run.span.start : script.core.start]
    return Parts(head + doc.text[span.end : gap.start], prefix + lead + doc.text[gap.end : run.span.end], changed=bool(stubs))


def _lead(facts: Facts, commands: Sequence[Command]) -> str | None:
    """What of a script's first part has to be said again in the second: to which folder it went; None when more of it lasts."""
    lasting = [command for command in commands if command.lasting]
    if any(command.name != "cd" or command.redirects or command.assignments for command in lasting):
        return None
    return "".join(f"{facts.doc.source(command.whole)} && " for command in lasting)


def _is_chain(script: Script) -> bool:
    """Whether its commands are on the top and joined by `&&` or `;`, so that each may begin a RUN of its own."""
    return all(not command.within and command.before in ("", "&&", ";") for command in script.commands)


def _stubs(facts: Facts, install: ProjectInstall) -> list[str]:
    """The source files that an install wants to see beside its manifests: empty ones do."""
    tool, folder = install.invocation.tool, install.folder
    stub, context = tool.stub, facts.context
    if stub is None or context is None:
        return []
    found = []
    for name in install.reads.files:
        if posixpath.basename(name) != tool.manifests[0]:
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
    folder = working_folder(facts, run, command)
    return folder is not None and command_footprint(facts, run, command, folder).at(target) is not Clash.CERTAIN


def _belongs(invocation: Invocation, command: Command) -> bool:
    """Whether a command is part of the install: of the same tool, and reads no more than it."""
    other = invocation_of(command)
    if other is None or other.tool is not invocation.tool or other.words != command.words or command.redirects:
        return False
    plain = other.action == "install" and other.subcommand in other.tool.action("install").plain
    return (plain or other.action in ("refresh", "configure")) and not other.operands and other.tool.kind == "build"


def _reaches(text: str, target: str, workdir: str | None) -> bool:
    path = absolute(text, workdir)
    return path is None or overlap(path, target)
