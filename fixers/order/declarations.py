"""Moves a declaration down: ARG or ENV, which is part of the cache key of every RUN below it, to where it is first used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.lint.syntax import nodes

from .step_order import FARTHEST, MOST_COMPANY, is_costly

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dockerlint.fixers.effects.footprint import Clash
    from dockerlint.fixers.effects.precedence import Precedence
    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Instruction

# What may go down with a declaration that it names: it makes no step of its own.
DECLARING = (nodes.Arg, nodes.Env, nodes.Label)
STEPS = (nodes.Run, nodes.Copy, nodes.Workdir, nodes.User)


class Descent(Struct, frozen=True):
    """Where a declaration may go: right below `after`, with those that name it and stand above that, in file order."""

    moved: tuple[Instruction, ...]
    after: Instruction


def descent(
    facts: Facts, relation: Precedence, node: Instruction, following: Sequence[Instruction], most: Clash
) -> Descent | None:
    """How far a declaration may go down when no pair with a clash above `most` changes places: to right above its first use
    below the last costly step that it may pass, or below the last step where nothing uses it. None when it passes none.
    """
    within = following[:FARTHEST]
    found = _last_costly(facts, relation, node, within, most)
    if found is None:
        return None
    at, moved = found
    last_step = within[at]
    for index in range(at + 1, len(within)):
        if any(relation.level(item, within[index]) > most for item in moved):
            return Descent(moved, within[index - 1])
        if isinstance(within[index], STEPS):
            last_step = within[index]
    return Descent(moved, last_step)


def _last_costly(
    facts: Facts, relation: Precedence, node: Instruction, within: Sequence[Instruction], most: Clash
) -> tuple[int, tuple[Instruction, ...]] | None:
    """The place of the last costly step that a declaration may pass, and what goes below it: the declaration and what names it."""
    company = [node]
    best: tuple[int, tuple[Instruction, ...]] | None = None
    for at, later in enumerate(within):
        if any(relation.level(item, later) > most for item in company):
            if not isinstance(later, DECLARING) or len(company) > MOST_COMPANY:
                break
            company.append(later)
        elif isinstance(later, nodes.Run) and is_costly(facts, later):
            best = at, tuple(company)
    return best
