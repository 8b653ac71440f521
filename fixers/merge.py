"""Merges steps: a command of one RUN goes into another, and the RUN that is left with nothing goes away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Applicability
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.span import Edit, Span

from .edits import (
    LONGEST,
    append_command,
    can_append,
    delete_instruction,
    has_comment,
    hides_failures,
    insert,
    line_joint,
    line_start,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.shell.script import Command, Script
    from dockerlint.lint.syntax.nodes import Instruction, Run


def merge_down(facts: Facts, run: Run, into: Run) -> tuple[Edit, ...] | None:
    """Puts a whole RUN in front of a later one; None when one of them is no plain chain of commands."""
    first, second = _chain(facts, run), _chain(facts, into)
    if first is None or second is None or _parameters(facts, run) != _parameters(facts, into):
        return None
    if any(command.lasting for command in first.commands):
        return None
    doc = facts.doc
    text = doc.source(first.core)
    below = doc.source(second.core)
    long = second.core.start - line_start(doc, second.core.start) + len(text) + len(" && ") + len(below) > LONGEST
    between = line_joint(doc, below if "\n" in below else text) if long or "\n" in text + below else " && "
    return delete_instruction(doc, run), insert(second.core.start, text + between)


def move_up(facts: Facts, commands: Sequence[Command], run: Run, into: Run) -> tuple[Edit, ...] | None:
    """Puts commands of a RUN behind an earlier one; None when that would change what they mean.

    `commands` are the first ones of the RUN: what stands before a command may need what it deletes.
    """
    script, target = _chain(facts, run), facts.script(into)
    if script is None or target is None or not can_append(target) or script.tests:
        return None
    if hides_failures(target, facts.state(into).shell):
        return None
    if _parameters(facts, run) != _parameters(facts, into) or any(command.lasting for command in commands):
        return None
    doc = facts.doc
    moved = Span(script.core.start, commands[-1].whole.end)
    text = doc.source(moved)
    if target.heredoc and "\n" in text:
        return None
    added = append_command(doc, target, text)
    if len(commands) == len(script.commands):
        return added, delete_instruction(doc, run)
    gone = Span(moved.start, script.commands[len(commands)].whole.start)
    return None if has_comment(doc, gone) else (added, Edit(gone, ""))


def gather(facts: Facts, runs: Sequence[Run]) -> tuple[Edit, ...] | None:
    """Makes one RUN of RUNs that follow each other; None when one of them is no plain chain."""
    first, *others = runs
    doc, script = facts.doc, facts.script(first)
    if script is None or script.heredoc or not can_append(script) or hides_failures(script, facts.state(first).shell):
        return None
    edits = []
    for run in others:
        other = facts.script(run)
        if other is None or other.heredoc or not can_append(other) or _parameters(facts, run) != _parameters(facts, first):
            return None
        edits += [append_command(doc, script, doc.source(other.core)), delete_instruction(doc, run)]
    return tuple(edits)


def between(facts: Facts, first: Instruction, second: Instruction) -> tuple[Instruction, ...]:
    """The instructions of a stage between two of them."""
    return tuple(
        node for node in facts.stage_of(first).instructions if first.span.end <= node.span.start < second.span.start
    )


def trust(facts: Facts, run: Run, into: Run) -> Applicability:
    """SAFE when only such instructions lie between two RUNs as make no difference to their commands."""
    first, second = sorted((run, into), key=lambda node: node.span)
    harmless = (nodes.Label, nodes.Expose, nodes.Cmd, nodes.Entrypoint, nodes.Healthcheck, nodes.Stopsignal)
    if all(isinstance(node, harmless) for node in between(facts, first, second)):
        return Applicability.SAFE
    return Applicability.UNSAFE


def _chain(facts: Facts, run: Run) -> Script | None:
    script = facts.script(run)
    return script if script is not None and script.chained and not script.heredoc else None


def _parameters(facts: Facts, run: Run) -> tuple[object, ...]:
    """What decides how a RUN is carried out, besides its script."""
    flags = sorted(facts.doc.source(flag.span) for flag in run.flags)
    state = facts.state(run)
    return tuple(flags), state.user, state.workdir, state.shell
