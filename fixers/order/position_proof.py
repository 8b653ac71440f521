"""Why a step stands where it stands: what it reads and writes, which steps it must keep its place to, and which it may pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.fixers.effects.footprint import Clash
from dockerlint.fixers.effects.precedence import Kind, Precedence

from .step_order import FARTHEST

if TYPE_CHECKING:
    from collections.abc import Iterable

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


def sentence(use: PathUse) -> str:
    """A use in words: `writes file /app`."""
    if use.kind is Kind.ANYTHING:
        return f"{use.access.value} unknown files"
    if use.kind is Kind.FILE:
        return f"{use.access.value} {use.name}" if use.name else f"{use.access.value} possibly any file"
    if use.kind is Kind.VARIABLE:
        return f"{use.access.value.replace('writes', 'sets')} the variable {use.name}"
    if use.kind is Kind.SETTING:
        return f"{use.access.value} {use.name}"
    return f"{use.access.value} the {use.kind.value}"


def summary(uses: Iterable[PathUse]) -> list[str]:
    """What an instruction reads and writes, a line for each kind of access and thing."""
    lines: dict[str, list[str]] = {}
    for use in uses:
        if use.kind is Kind.FILE and use.name:
            lines.setdefault(f"{use.access.value} files: ", []).append(use.name)
        elif use.kind is Kind.VARIABLE:
            lines.setdefault(f"{use.access.value.replace('writes', 'sets')} variables: ", []).append(use.name)
        else:
            lines.setdefault(sentence(use), [])
    return [head + ", ".join(names) for head, names in lines.items()]


def reason(found: Conflict, line: int) -> str:
    """A conflict in words; `line` is where the other instruction stands, which is the second of the two."""
    return f"this {sentence(found.first)}, line {line} {sentence(found.second)}{doubt(found)}"


def reason_above(found: Conflict, line: int) -> str:
    """The same where the other instruction is the first of the two."""
    return f"line {line} {sentence(found.first)}, this {sentence(found.second)}{doubt(found)}"


def doubt(found: Conflict) -> str:
    """What is said of a conflict that may be none."""
    return "" if found.level is Clash.CERTAIN else " (probably not the same)"
