"""Bytes and work of each step: what it adds to the image, what of that ships, and what is wasted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dockerlint.lint import nodes

from . import copies, work
from .figures import ZERO, Amount, total, transfer
from .images import base_sizes
from .ledger import Entry, Ledger
from .managers import amount
from .work import Work

if TYPE_CHECKING:
    from dockerlint.lint.facts import Facts

    from .graph import BuildGraph, Step
    from .selections import Selections


@dataclass(frozen=True, slots=True)
class StepSizes:
    """Bytes of a step: uncompressed, as pushed and pulled (0 where it is not in the image), and of no use.

    `work` is what it takes to run it; of a pull, the download.
    """

    adds: Amount
    ships: Amount
    wasted: Amount
    work: Work


def sizes(graph: BuildGraph, facts: Facts, selections: Selections) -> tuple[StepSizes, ...]:
    """The figures of each step of a build, in the graph's order."""
    ledgers: dict[int, Ledger] = {}
    rows: list[tuple[Amount, Amount, Work]] = []
    for step in graph.steps:
        ledger = ledgers[step.parent].copy() if step.parent is not None else Ledger()
        ledgers[step.number] = ledger
        rows.append(_pull(step) if step.image is not None else _run(step, ledger, ledgers, selections, facts))
    final = ledgers[graph.last] if graph.last is not None else Ledger()
    return tuple(
        StepSizes(adds, ships if step.ships else ZERO, final.wasted(step.number) if step.ships else ZERO, effort)
        for step, (adds, ships, effort) in zip(graph.steps, rows, strict=True)
    )


def _pull(step: Step) -> tuple[Amount, Amount, Work]:
    found = base_sizes(step.image or "")
    effort = Work()
    effort.add(transfer(found.on_disk, amount("unpack.rate")), found.compressed)
    return found.on_disk, found.compressed, effort


def _run(
    step: Step, ledger: Ledger, ledgers: dict[int, Ledger], selections: Selections, facts: Facts
) -> tuple[Amount, Amount, Work]:
    effort = Work()
    match step.node:
        case nodes.Run() as node:
            effort = work.run(node, step.number, ledger, facts)
            effort.add(amount("step.run"))
        case nodes.Copy() as node:
            copies.copy(step, ledger, ledgers, selections, facts)
            effort.add(amount("step.copy"))
        case _:
            effort.add(amount("step.copy"))
    own = ledger.of(step.number)
    adds = total(entry.size for entry in own)
    if isinstance(step.node, nodes.Copy):
        effort.add(transfer(adds, amount("copy.rate")))
    return adds, total(_shipped(entry) for entry in own), effort


def _shipped(entry: Entry) -> Amount:
    """The bytes that travel: caches mostly hold archives, which do not get smaller."""
    if entry.packed or not entry.size.is_complete:
        return entry.size
    return entry.size.times(amount("compress.ratio"))
