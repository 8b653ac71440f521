"""Splits a copy of the source tree: the manifests first, then the install, then the rest."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dockerlint.lint import nodes, tools
from dockerlint.lint.findings import Applicability, Edit, Fix, Span

from .edits import delete_lines, with_comments
from .order import Clash, clash, commands

if TYPE_CHECKING:
    from dockerlint.lint.facts import Facts
    from dockerlint.lint.nodes import Copy, Run
    from dockerlint.lint.tools import Invocation

    from .manifests import Manifests

# Flags of a COPY that hold for the copy of its manifests as well.
KEPT_FLAGS = ("chown", "chmod", "link")


def split_copy(facts: Facts, copy: Copy, run: Run, invocation: Invocation, reads: Manifests, folder: str) -> Fix | None:
    """The fix that puts manifests and install above the rest of a copy; None when something in between is in the way."""
    if copy.json or copy.flag("parents") or copy.flag("exclude") or run.heredocs:
        return None
    level = _way_down(facts, copy, run)
    parts = _parts(facts, run, invocation)
    if level is Clash.CERTAIN or parts is None or not reads.files:
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
    text = f"{_manifest_copies(facts, copy, run, reads, folder)}{comments}{first}{newline}{moved}"
    line_end = doc.text.find("\n", run.span.end)
    below = len(doc.text) if line_end < 0 else line_end + 1
    text += rest + newline if rest else ""
    if line_end < 0:
        text = text.removesuffix(newline)
    return Fix(
        "copy the manifests first, then install, then copy the rest",
        (delete_lines(doc, Span(start, end)), Edit(Span(above, below), text)),
        _applicability(facts, invocation, reads, split=bool(rest), level=level),
    )


def _applicability(facts: Facts, invocation: Invocation, reads: Manifests, *, split: bool, level: Clash) -> Applicability:
    if not reads.known or facts.context is None:
        return Applicability.DISPLAY
    proven = reads.complete and level is Clash.NONE and not split and invocation.action == "install"
    overlaid = any(path.split("/")[0] in invocation.tool.writes[:1] for path in facts.context.files)
    return Applicability.SAFE if proven and not overlaid else Applicability.UNSAFE


def _way_down(facts: Facts, copy: Copy, run: Run) -> Clash:
    """Whether the copy may go below all that stands between it and the RUN."""
    stage = facts.stage_of(copy)
    nodes_between = (node for node in stage.instructions if copy.span.end <= node.span.start < run.span.start)
    return max((clash(facts, copy, node) for node in nodes_between), default=Clash.NONE)


def _manifest_copies(facts: Facts, copy: Copy, run: Run, reads: Manifests, folder: str) -> str:
    """One COPY for the manifests of each folder: a COPY of several would put them all into one."""
    target = copy.destination.text
    workdir = facts.state(run).workdir
    if workdir and facts.path(copy.destination.text, copy) not in (workdir, workdir.rstrip("/") + "/"):
        target = workdir
    keyword = "COPY" if copy.keyword.text.isupper() else "copy"
    flags = [facts.doc.source(flag.span) for flag in copy.flags if flag.name in KEPT_FLAGS]
    groups: dict[str, list[str]] = {}
    for name in reads.files:
        groups.setdefault(posixpath.dirname(name), []).append(posixpath.join(folder, name))
    lines = []
    for below, files in groups.items():
        place = posixpath.join(target, below) if below else target
        lines.append(" ".join([keyword, *flags, *files, place.rstrip("/") + "/"]))
    return "".join(line + facts.doc.newline for line in lines)


def _parts(facts: Facts, run: Run, invocation: Invocation) -> tuple[str, str] | None:
    """The RUN as text in two: up to the install, and what follows it and needs the source; None when it cannot be cut."""
    doc = facts.doc
    source = doc.source(run.span)
    if invocation.action != "install":
        prefetch = invocation.tool.prefetch
        return (f"{run.keyword.text} {prefetch}", source) if prefetch else None
    script = facts.script(run)
    if script is None:
        return (source, "") if isinstance(run.form, nodes.Exec) else None
    if not script.chained:
        return None
    at = script.commands.index(invocation.command)
    if not all(_needs_no_source(command.words) for command in script.commands[:at]):
        return None
    following = script.commands[at + 1 :]
    last = at
    for index, command in enumerate(following, start=at + 1):
        if not _needs_no_source(command.words):
            break
        last = index
    if last == len(script.commands) - 1:
        return source, ""
    head = doc.text[run.span.start : script.commands[last].span.end]
    prefix = doc.text[run.span.start : script.commands[0].span.start]
    tail = doc.text[script.commands[last + 1].span.start : run.span.end]
    return head, prefix + tail


def _needs_no_source(words: tuple[nodes.Word, ...]) -> bool:
    """Whether a command surely reads nothing of the project."""
    from dockerlint.lint.shell import Command

    if not words:
        return False
    if words[0].text in commands().silent:
        return True
    found = tools.invocation(Command(words[0].span, words[0].text, words))
    if found is not None:
        return found.action in ("install", "refresh", "upgrade", "clean", "remove") or not found.operands
    return words[0].text == "rm" and all(word.text.startswith(("-", "/")) for word in words[1:])
