"""Merges steps: a command of one RUN goes into another, and the RUN that is left with nothing goes away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint import nodes
from dockerlint.lint.findings import Applicability, Edit, Span

from .edits import append_command, can_append, delete_instruction, insert, remove_command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dockerlint.lint.facts import Facts
    from dockerlint.lint.nodes import Instruction, Run
    from dockerlint.lint.shell import Command, Script


def merge_down(facts: Facts, run: Run, into: Run) -> tuple[Edit, ...] | None:
    """Puts a whole RUN in front of a later one; None when one of them is no plain chain of commands."""
    first, second = _chain(facts, run), _chain(facts, into)
    if first is None or second is None or _parameters(facts, run) != _parameters(facts, into):
        return None
    doc = facts.doc
    start, end = first.commands[0].span.start, first.commands[-1].span.end
    text = "".join(doc.source(piece) for piece in doc.pieces(Span(start, end)))
    return delete_instruction(doc, run), insert(second.commands[0].span.start, " ".join(text.split()) + " && ")


def move_up(facts: Facts, commands: Sequence[Command], run: Run, into: Run) -> tuple[Edit, ...] | None:
    """Puts commands of a RUN behind an earlier one; None when that would change what they mean."""
    script, target = facts.script(run), facts.script(into)
    if script is None or target is None or not can_append(target) or not script.chained or script.heredoc:
        return None
    if _parameters(facts, run) != _parameters(facts, into) or any(command.name == "cd" for command in target.commands):
        return None
    doc = facts.doc
    text = " && ".join(" ".join(doc.source(command.span).split()) for command in commands)
    added = append_command(doc, into, target, text)
    if len(commands) == len(script.commands):
        return added, delete_instruction(doc, run)
    removed = [remove_command(doc, script, command) for command in commands]
    edits = [edit for edit in removed if edit is not None]
    return (added, *edits) if len(edits) == len(removed) == 1 else None


def between(facts: Facts, first: Instruction, second: Instruction) -> tuple[Instruction, ...]:
    """The instructions of a stage between two of them."""
    return tuple(
        node for node in facts.stage_of(first).instructions if first.span.end <= node.span.start < second.span.start
    )


def trust(facts: Facts, run: Run, into: Run) -> Applicability:
    """SAFE when a command of one RUN finds in the other the same user, folder, shell and variables, and only such
    instructions lie between as make no difference to it."""
    if facts.state(run) != facts.state(into):
        return Applicability.UNSAFE
    first, second = sorted((run, into), key=lambda node: node.span)
    harmless = (nodes.Label, nodes.Expose, nodes.Cmd, nodes.Entrypoint, nodes.Healthcheck, nodes.Stopsignal)
    if all(isinstance(node, harmless) for node in between(facts, first, second)):
        return Applicability.SAFE
    return Applicability.UNSAFE


def _chain(facts: Facts, run: Run) -> Script | None:
    script = facts.script(run)
    if script is None or script.heredoc or not script.chained or "<<" in script.text:
        return None
    # what these leave behind would reach the commands that follow
    if any(command.name in ("cd", "set", "export", "exec", "exit", "trap", "") for command in script.commands):
        return None
    return script


def _parameters(facts: Facts, run: Run) -> tuple[object, ...]:
    """What decides how a RUN is carried out, besides its script."""
    flags = sorted(facts.doc.source(flag.span) for flag in run.flags)
    state = facts.state(run)
    return tuple(flags), state.user, state.workdir, state.shell
