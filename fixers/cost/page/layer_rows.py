"""The layers of an image as rows of bars: the base image, what is useful, what is wasted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.fixers.cost.bounded import total
from dockerlint.fixers.cost.cost_report import at_least, short_size

from . import rows
from .tags import tag

if TYPE_CHECKING:
    from collections.abc import Sequence
    from xml.etree.ElementTree import Element

    from dockerlint.fixers.cost.bounded import Amount
    from dockerlint.fixers.cost.cost_model import Estimate

MOST_ROWS = 24
# A base image that is so many times as large as the largest layer is cut off: else the layers would be too small to see.
DWARFING = 2.0
# So far above the likely value an upper bound still has its place on the axis.
ROOM = 1.25


class ChartLayer(Struct, frozen=True):
    """A bar of bytes: what it is, how much of it is wasted, the whole with its bounds, and whether it is the base image."""

    name: str
    wasted: float
    adds: Amount
    is_base: bool = False


def layers(found: Estimate) -> list[ChartLayer]:
    """The steps whose bytes ship, in the order of the image; the smallest of very many together."""
    pairs = zip(found.plan.graph.steps, found.steps, strict=True)
    every = [
        ChartLayer(f"{cost.line} {cost.instruction}", 0.0 if step.is_pull else cost.wasted.mid, cost.adds, step.is_pull)
        for step, cost in pairs
        if step.ships
    ]
    if len(every) <= MOST_ROWS:
        return every
    # the base is never among the smaller ones
    ranked = sorted(range(len(every)), key=lambda at: (not every[at].is_base, -every[at].adds.mid, at))
    taken, rest = sorted(ranked[: MOST_ROWS - 1]), ranked[MOST_ROWS - 1 :]
    others = [every[at] for at in rest]
    name = f"{len(others)} smaller layers"
    return [every[at] for at in taken] + [ChartLayer(name, sum(item.wasted for item in others), total(item.adds for item in others))]


def end(charts: Sequence[Sequence[ChartLayer]]) -> float:
    """Where the axis of several charts ends: at the largest layer, or at the base image where that is not much larger."""
    every = [item for chart in charts for item in chart]
    most = max((item.adds.mid for item in every if not item.is_base), default=0.0) * ROOM
    base = max((item.adds.mid for item in every if item.is_base), default=0.0) * ROOM
    return rows.round_end(most if most and base > DWARFING * most else max(base, most))


def drawn(layers: Sequence[ChartLayer], most: float) -> Element:
    """The chart, over an axis from 0 to `most` bytes."""
    return rows.chart([(_words(item), _bar(item, most)) for item in layers], most, short_size)


def _words(item: ChartLayer) -> Element:
    # of what is nothing or more nothing is known
    words = at_least(item.adds) if item.adds.is_complete or item.adds.mid > 0 else "size unknown"
    if item.wasted:
        words += f", {short_size(item.wasted)} wasted"
    return tag("span", tag("b", words), " ", tag("code", item.name), class_="words")


def _bar(item: ChartLayer, most: float) -> list[Element]:
    mid = item.adds.mid
    if item.is_base:
        is_cut = mid > most
        return [rows.bar("base", 0.0, mid, most), *(rows.cut() if is_cut else rows.bounds(item.adds, most))]
    useful = max(mid - item.wasted, 0.0)
    return [rows.bar("useful", 0.0, useful, most), rows.bar("wasted", useful, max(mid, item.wasted), most), *rows.bounds(item.adds, most)]
