"""Reorders steps: whether a COPY may go below what follows it, and the edits that move instructions."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dockerlint.lint import nodes
from dockerlint.lint.context import clean_path
from dockerlint.lint.expansion import ExpansionError, variables

from .edits import delete_lines, insert, with_comments
from .footprint import Clash, absolute, commands, footprint, overlap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dockerlint.lint.facts import Facts
    from dockerlint.lint.findings import Edit
    from dockerlint.lint.nodes import Dockerfile, Instruction


def is_costly(facts: Facts, run: nodes.Run) -> bool:
    """Whether a RUN installs, downloads or compiles: what one does not want to wait for after an edit."""
    known = commands()
    if any(item.action in ("install", "refresh", "upgrade", "build") for item in facts.invocations(run)):
        return True
    return any(command.name in known.downloads or command.name in known.compilers for command in facts.commands(run))


def destination(facts: Facts, copy: nodes.Copy) -> str | None:
    """Where a COPY or ADD writes: the file, or the folder that all it brings lies below; None when unknown."""
    path = facts.path(copy.destination.text, copy)
    if path is None:
        return None
    sources = copy.sources
    if path.endswith("/") and len(sources) == 1 and not copy.heredocs:
        name = posixpath.basename(sources[0].text.rstrip("/"))
        is_file = facts.context is not None and clean_path(sources[0].text) in facts.context.files
        if is_file and name:
            return posixpath.join(path, name)
    return path.rstrip("/") or "/"


def clash(facts: Facts, copy: nodes.Copy, node: Instruction) -> Clash:
    """Whether a COPY or ADD may go below an instruction that now follows it in its stage."""
    target = destination(facts, copy)
    if target is None:
        return Clash.CERTAIN
    match node:
        case nodes.Run():
            if _changes_owner(facts, copy, node):
                return Clash.CERTAIN
            return footprint(facts, node).at(target)
        case nodes.Copy():
            other = destination(facts, node)
            return Clash.CERTAIN if other is None or overlap(target, other) else Clash.NONE
        case nodes.Env() | nodes.Arg():
            names = {pair.key.text for pair in node.pairs}
            return Clash.CERTAIN if names & _names(copy, facts.doc.escape) else Clash.NONE
        case nodes.Workdir():
            return _clash_with_workdir(facts, copy, target, node)
        case nodes.Volume():
            paths = [facts.path(word.text, node) for word in node.words]
            return Clash.CERTAIN if any(path is None or overlap(path, target) for path in paths) else Clash.NONE
        case nodes.From() | nodes.Bad():
            return Clash.CERTAIN
        case _:
            return Clash.NONE


def links(facts: Facts) -> tuple[str, ...]:
    """The paths that the file's own scripts name to `ln`: what lies there may lie elsewhere as well."""
    commands_of = (command for run in facts.every(nodes.Run) for command in facts.commands(run) if command.name == "ln")
    paths = (absolute(word.text, "/") for command in commands_of for word in command.arguments)
    return tuple(path for path in paths if path is not None and path != "/")


def move_below(doc: Dockerfile, moved: Sequence[Instruction], after: Instruction) -> tuple[Edit, ...] | None:
    """Moves instructions, each with the comments directly above it, to the lines after another; they keep their order.

    None when there is no such line: the text ends in the middle of a continuation.
    """
    line_end = doc.text.find("\n", after.span.end)
    if doc.escape in doc.text[after.span.end : line_end if line_end >= 0 else None]:
        return None
    spans = [with_comments(doc, node) for node in moved]
    gone = tuple(delete_lines(doc, span) for span in spans)
    texts = (doc.source(span) for span in spans)
    text = "".join(text if text.endswith("\n") else text + doc.newline for text in texts)
    if line_end >= 0:
        return *gone, insert(line_end + 1, text)
    return *gone, insert(len(doc.text), doc.newline + text.removesuffix("\n").removesuffix("\r"))


def _clash_with_workdir(facts: Facts, copy: nodes.Copy, target: str, node: nodes.Workdir) -> Clash:
    """WORKDIR makes the folder when it is not there, a COPY below it finds one that it may have made differently."""
    if not (facts.expand(copy.destination.text, copy) or "").startswith("/"):
        return Clash.CERTAIN
    path = facts.path(node.argument.text, node)
    if path is None:
        return Clash.CERTAIN
    if path == "/" or not overlap(path, target):
        return Clash.NONE
    if copy.flag("chown") or copy.flag("chmod"):
        return Clash.CERTAIN
    whole = all(clean_path(word.text) == "" for word in copy.sources)
    # of a single file the last name is the folder's only when a slash says so
    return Clash.NONE if whole else Clash.POSSIBLE if copy.destination.text.endswith("/") else Clash.CERTAIN


def _changes_owner(facts: Facts, copy: nodes.Copy, run: nodes.Run) -> bool:
    """Whether a RUN may change who the owner is that a COPY names."""
    owner = copy.flag_value("chown") or ""
    if all(part.isdecimal() for part in owner.split(":") if part):
        return False
    return any(command.name in commands().accounts for command in facts.commands(run))


def _names(copy: nodes.Copy, escape: str) -> set[str]:
    """The variables that a COPY's words and flags use."""
    words = [*(word.text for word in (*copy.sources, copy.destination)), *(flag.value or "" for flag in copy.flags)]
    try:
        return {reference.name for word in words if "$" in word for reference in variables(word, escape)}
    except ExpansionError:
        return set()


