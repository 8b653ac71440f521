"""Why a step stands where it stands: what it reads and writes, which steps it must keep its place to, and which it may pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.fixers.effects.precedence import Precedence

from .step_order import FARTHEST

if TYPE_CHECKING:
    from dockerlint.fixers.effects.precedence import Conflict, PathUse
    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Instruction


class Neighbour(Struct, frozen=True):
    """Another instruction of the stage, and why the two keep their order; None when they need not."""

    node: Instruction
    conflict: Conflict | None


class PositionProof(Struct, frozen=True):
    """What is known of one instruction's place.

    `above` and `below` are the other instructions of its stage, the nearest first, up to FARTHEST of them on each side.
    """

    uses: tuple[PathUse, ...]
    above: tuple[Neighbour, ...]
    below: tuple[Neighbour, ...]

    @property
    def free(self) -> tuple[Instruction, ...]:
        """Those right below it that it may surely pass."""
        passed = []
        for item in self.below:
            if item.conflict is not None:
                break
            passed.append(item.node)
        return tuple(passed)


def proof(facts: Facts, node: Instruction) -> PositionProof:
    """The proof for an instruction of a stage; of FROM, and of what stands before it, only what it reads and writes."""
    relation = Precedence(facts)
    place = node.span.start
    found = (stage.instructions for stage in facts.doc.stages if any(item.span.start == place for item in stage.instructions))
    others = next(found, ())
    earlier = [item for item in others if item.span.start < place][::-1]
    later = [item for item in others if item.span.start > place]
    return PositionProof(
        relation.uses(node),
        tuple(Neighbour(item, relation.conflict(item, node)) for item in earlier[:FARTHEST]),
        tuple(Neighbour(item, relation.conflict(node, item)) for item in later[:FARTHEST]),
    )
