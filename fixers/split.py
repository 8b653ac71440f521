"""Splits a copy of the source tree: the manifests first, then the install, then the rest."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from dockerlint.lint import nodes
from dockerlint.lint.findings import Applicability, Edit, Fix, Span

from .cleanup import clean_command
from .edits import delete_lines, has_comment, with_comments
from .footprint import Clash, Footprint, absolute, command_footprint, commands, overlap, surrounding
from .manifests import place, trusted
from .order import clash

if TYPE_CHECKING:
    from dockerlint.lint.facts import Facts
    from dockerlint.lint.nodes import Copy, Run
    from dockerlint.lint.shell import Command
    from dockerlint.lint.tools import Invocation

    from .manifests import Manifests

# Flags of a COPY that hold for the copy of its manifests as well.
KEPT_FLAGS = ("chown", "chmod", "link")
PLAIN_NAME = re.compile(r"[\w./@+-]+")
PLAIN_TARGET = re.compile(r"[\w./@+${}-]+")


def split_copy(facts: Facts, copy: Copy, run: Run, invocation: Invocation, reads: Manifests, folder: str) -> Fix | None:
    """The fix that puts manifests and install above the rest of a copy; None when something in between is in the way."""
    if copy.json or copy.flag("parents") or copy.flag("exclude") or run.heredocs:
        return None
    level = _way_down(facts, copy, run)
    target = facts.path(copy.destination.text, copy)
    parts = _parts(facts, run, invocation, target) if target is not None else None
    copies = _manifest_copies(facts, copy, reads, folder)
    if level is Clash.CERTAIN or target is None or parts is None or copies is None:
        return None
    first, rest = parts
    doc = facts.doc
    newline = doc.newline
    start, end = with_comments(doc, copy)
    moved = doc.source(Span(start, end))
    moved = moved if moved.endswith("\n") else moved + newline
    moved = newline + moved if start < doc.text.rfind("\n", 0, copy.span.start) + 1 else moved
    above = with_comments(doc, run).start
    comments = doc.text[above : doc.text.rfind("\n", 0, run.span.start) + 1]
    text = f"{copies}{comments}{first}{newline}{moved}"
    line_end = doc.text.find("\n", run.span.end)
    below = len(doc.text) if line_end < 0 else line_end + 1
    text += rest + newline if rest else ""
    if line_end < 0:
        text = text.removesuffix(newline)
    proven = (
        level is Clash.NONE
        and not rest
        and _leaves_alone(facts, run, invocation, target)
        and _overlays_nothing(facts, invocation, folder)
    )
    trust = Applicability.SAFE if proven else Applicability.UNSAFE
    return Fix(
        "copy the manifests first, then install, then copy the rest",
        (delete_lines(doc, Span(start, end)), Edit(Span(above, below), text)),
        min(trust, trusted(facts, run, invocation, reads)),
    )


def _leaves_alone(facts: Facts, run: Run, invocation: Invocation, target: str) -> bool:
    """Whether the install touches nothing at the copy's place but what it is run for; no configuration lies there."""
    if invocation.action != "install" or Footprint.of(surrounding(facts, run)).at(target) is not Clash.NONE:
        return False
    home = facts.home(run)
    caches = (item.path for item in invocation.tool.cache_homes(home or "/"))
    if home is None or any(overlap(path, target) for path in (*commands().system, *caches)):
        return False
    # in a folder of its own below the home there is nothing that the tool looks for
    top = home.rstrip("/") + "/"
    below = target.startswith(top) and not target.removeprefix(top).startswith((".", "/")) and target != top
    return below or not overlap(home, target)


def _overlays_nothing(facts: Facts, invocation: Invocation, folder: str) -> bool:
    """Whether the rest of the copy does not write over what the install has written.

    A lock file is no loss: the image then has the one of the context, as it stands, and nothing reads it any more.
    """
    if facts.context is None:
        return False
    locks = {lock.file for lock in invocation.tool.locks}
    written = [posixpath.join(folder, name) for name in invocation.tool.writes if name not in locks]
    return not any(path == name or path.startswith(name + "/") for path in facts.context.files for name in written)


def _way_down(facts: Facts, copy: Copy, run: Run) -> Clash:
    """Whether the copy may go below all that stands between it and the RUN."""
    stage = facts.stage_of(copy)
    nodes_between = (node for node in stage.instructions if copy.span.end <= node.span.start < run.span.start)
    return max((clash(facts, copy, node) for node in nodes_between), default=Clash.NONE)


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
        path = posixpath.join(folder, name)
        below = place(facts, copy, path)
        if below is None or not PLAIN_NAME.fullmatch(path):
            return None
        if facts.context is not None and path not in facts.context.files and facts.context.has(path):
            # of a folder a COPY takes what is in it
            below = posixpath.join(below, posixpath.basename(path))
        groups.setdefault(below, []).append(path)
    lines = []
    for below, files in groups.items():
        place_text = posixpath.join(target, below) if below else target
        lines.append(" ".join([keyword, *flags, *files, place_text.rstrip("/") + "/"]))
    return "".join(line + facts.doc.newline for line in lines) or None


def _parts(facts: Facts, run: Run, invocation: Invocation, target: str) -> tuple[str, str] | None:
    """The RUN as text in two: up to the install, and what follows it and needs the source; None when it cannot be cut."""
    doc = facts.doc
    source = doc.source(run.span)
    if invocation.action != "install":
        prefetch = invocation.tool.prefetch
        # by the name that the file calls it by, such as ./mvnw
        return (f"{run.keyword.text} {clean_command(invocation, prefetch)}", source) if prefetch else None
    script = facts.script(run)
    if script is None:
        return (source, "") if isinstance(run.form, nodes.Exec) else None
    if not script.chained or script.heredoc:
        return None
    at = script.commands.index(invocation.command)
    before, following = script.commands[:at], script.commands[at + 1 :]
    if not all(_needs_no_source(facts, run, command, target) for command in (*script.tests, *before)):
        return None
    workdir = facts.state(run).workdir
    if any(
        redirect.target is None or _reaches(redirect.target.text, target, workdir)
        for redirect in invocation.command.redirects
    ):
        return None
    last = at
    for index, command in enumerate(following, start=at + 1):
        if not _needs_no_source(facts, run, command, target):
            break
        last = index
    if last == len(script.commands) - 1:
        return source, ""
    gap = Span(script.commands[last].whole.end, script.commands[last + 1].whole.start)
    if script.tests or has_comment(doc, gap) or any(command.lasting for command in script.commands[: last + 1]):
        return None
    head = doc.text[run.span.start : gap.start]
    prefix = doc.text[run.span.start : script.core.start]
    return head, prefix + doc.text[gap.end : run.span.end]


def _needs_no_source(facts: Facts, run: Run, command: Command, target: str) -> bool:
    """Whether a command surely reads and writes nothing of the project."""
    if command.name in ("cd", "pushd", "."):
        return False
    return command_footprint(facts, run, command).at(target) is not Clash.CERTAIN


def _reaches(text: str, target: str, workdir: str | None) -> bool:
    path = absolute(text, workdir)
    return path is None or overlap(path, target)
