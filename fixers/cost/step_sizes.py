"""Bytes and work of each step: what it adds to the image, what of that ships, and what is wasted."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dockerlint.lint.syntax import nodes

from . import copy_cost
from . import run_cost as work
from .base_sizes import base_sizes
from .bounded import ZERO, Amount, scaled, total, transfer
from .build_graph import Origin
from .layer_contents import LayerEntry, Ledger
from .run_work import RunWork
from .step_result import StepResult
from .tool_figures import amount

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence

    from dockerlint.lint.analysis.facts import Facts

    from .build_graph import BuildGraph, Step
    from .copy_selections import Selections
    from .measured import Figures


# What came of the steps of longer builds is not kept: a ledger a step would take the memory of the square of their number.
MOST_KEPT = 500


class StepSizes(Struct, frozen=True):
    """Bytes of a step, and its work."""

    # uncompressed
    adds: Amount
    # as pushed and pulled, compressed; 0 when the step is not part of the image
    ships: Amount
    # bytes of `adds` that nobody sees or needs
    wasted: Amount
    # what it takes to run the step; of a pull, the download
    work: RunWork


def sizes(graph: BuildGraph, facts: Facts, selections: Selections) -> tuple[StepSizes, ...]:
    """The figures of each step of a build, in the graph's order."""
    done: list[StepResult] = []
    is_long = len(graph.steps) > MOST_KEPT
    uses = Counter(number for step in graph.steps for number in step.waits_for)
    for step in graph.steps:
        if is_long:
            done.append(_do(step, done, selections, facts, goes_on=step.parent is not None and uses[step.parent] == 1))
            continue
        key = _key(step, done, facts)
        known = selections.done.get(key)
        done.append(known or selections.keep(key, _do(step, done, selections, facts)))
    final = done[graph.last].ledger if graph.last is not None else Ledger()
    return tuple(
        StepSizes(
            item.adds, item.ships if step.ships else ZERO, final.wasted(step.number) if step.ships else ZERO, item.work
        )
        for step, item in zip(graph.steps, done, strict=True)
    )


def _key(step: Step, done: Sequence[StepResult], facts: Facts) -> Hashable:
    """All that the outcome of a step depends on, but for the context: what it says, finds, stands on and reads from."""
    before = tuple(done[number] for number in step.waits_for)
    if step.image is not None:
        return _pulled(step), before
    state = facts.state(step.node)
    found = state.user, state.workdir, state.shell, frozenset(state.env.items()), state.open
    text = facts.doc.source(step.node.span)
    image = facts.image(facts.stage_of(step.node))
    return step.number, step.parent is None, before, step.sources, image, facts.doc.escape, found, text


def _do(step: Step, done: Sequence[StepResult], selections: Selections, facts: Facts, *, goes_on: bool = False) -> StepResult:
    """What comes of a step; with `goes_on` it goes on in the ledger of its parent, which nobody else needs."""
    ledger = done[step.parent].ledger if step.parent is not None else Ledger()
    ledger = ledger if goes_on else ledger.copy()
    others = {source.step: done[source.step].ledger for source in step.sources if source.step is not None}
    adds, ships, effort = _pull(step, selections) if step.image is not None else _run(step, ledger, others, selections, facts)
    return StepResult(ledger, adds, ships, effort)


def measured_sizes(
    rows: Sequence[StepSizes], graph: BuildGraph, figures: Mapping[int, Figures]
) -> tuple[StepSizes, ...]:
    """The rows with measured bytes where there are some; what goes with the bytes of a step is scaled with them."""
    valid = _unhidden(graph, figures)
    return tuple(
        _measured(row, step, figures[step.number], hidden=step.number in valid) if step.number in figures else row
        for row, step in zip(rows, graph.steps, strict=True)
    )


def _unhidden(graph: BuildGraph, figures: Mapping[int, Figures]) -> set[int]:
    """The steps whose hidden bytes are those of this build: all that comes after them is as it was measured."""
    found: set[int] = set()
    for step in graph.chain(graph.last):
        if step.number not in figures or figures[step.number].wasted is None:
            break
        found.add(step.number)
    return found


def _measured(row: StepSizes, step: Step, figures: Figures, *, hidden: bool) -> StepSizes:
    if figures.adds is None or (figures.saved and figures.adds != row.adds.mid and _is_read(row, step)):
        return row
    adds = Amount.exact(figures.adds)
    if figures.ships is not None:
        ships = Amount.exact(figures.ships)
    elif row.ships.is_complete and row.adds.mid > 0:
        ships = scaled(row.ships, row.adds, adds)
    else:
        ships = adds.times(amount("compress.ratio")) if figures.adds else ZERO
    wasted = scaled(row.wasted, row.adds, adds)
    if hidden and figures.wasted is not None:
        wasted = Amount.exact(figures.wasted)
    return replace(row, adds=adds, ships=ships if step.ships else ZERO, wasted=wasted if step.ships else ZERO)


def _is_read(row: StepSizes, step: Step) -> bool:
    """Whether a step's bytes are those of files that the context holds now, which was looked at later."""
    if not isinstance(step.node, nodes.Copy) or isinstance(step.node, nodes.Add):
        return False
    return row.adds.low == row.adds.high and all(source.origin is Origin.CONTEXT for source in step.sources)


def _pulled(step: Step) -> str:
    """The image of a pull; as it is written where a variable of it is not known."""
    return step.image or (step.node.image.text if isinstance(step.node, nodes.From) else "")


def _pull(step: Step, selections: Selections) -> tuple[Amount, Amount, RunWork]:
    image = _pulled(step)
    found = base_sizes(image, step.pulled)
    if not found.on_disk.is_known and selections.neighbours is not None:
        found = selections.neighbours(image)
    effort = RunWork()
    effort.add(transfer(found.on_disk, amount("unpack.rate")), found.compressed)
    return found.on_disk, found.compressed, effort


def _run(
    step: Step, ledger: Ledger, others: Mapping[int, Ledger], selections: Selections, facts: Facts
) -> tuple[Amount, Amount, RunWork]:
    effort = RunWork()
    match step.node:
        case nodes.Run() as node:
            effort = work.run(node, step.number, ledger, facts)
            effort.add(amount("step.run"))
        case nodes.Copy() as node:
            copy_cost.copy(step, ledger, others, selections, facts)
            effort.add(amount("step.copy"))
        case _:
            effort.add(amount("step.copy"))
    own = ledger.of(step.number)
    adds = total(entry.size for entry in own)
    if isinstance(step.node, nodes.Copy):
        effort.add(transfer(adds, amount("copy.rate")))
    return adds, total(_shipped(entry) for entry in own), effort


def _shipped(entry: LayerEntry) -> Amount:
    """The bytes that travel: caches mostly hold archives, which do not get smaller."""
    if entry.packed or not entry.size.is_complete:
        return entry.size
    return entry.size.times(amount("compress.ratio"))
