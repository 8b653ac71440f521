"""Rows of bars under their words, over one axis. Places are shares of the width and words are plain text, so that both are whole on
a telephone as on a wall.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .tags import tag

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from xml.etree.ElementTree import Element

    from dockerlint.fixers.cost.bounded import Amount

BAR, AXIS, TICKS = 14, 22, 4
MIDDLE = BAR / 2
# Ends of the axis that are easy to read: these, and tens of them.
ROUND = (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8)
# The least that a bar is wide, as a share.
THIN = 0.0025


def round_end(most: float) -> float:
    """The end of an axis that holds a value, and whose quarters are round."""
    if most <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(most))
    return next((step * power for step in ROUND if step * power >= most), 10 * power)


def chart(rows: Sequence[tuple[Element, Sequence[Element]]], most: float, short: Callable[[float], str]) -> Element:
    """The rows, each words and the shapes of its bar, over an axis from 0 to `most`."""
    kept = tag("ol", class_="rows")
    for words, shapes in rows:
        guides = (tag("line", class_="guide", x1=_percent(at), x2=_percent(at), y1=0, y2=BAR) for at in _ticks())
        kept.append(tag("li", words, tag("svg", *guides, *shapes, width="100%", height=BAR, aria_hidden="true")))
    return tag("div", kept, _axis(most, short))


def bar(kind: str, start: float, end: float, most: float) -> Element:
    """A part of a bar."""
    left = min(start / most, 1.0)
    width = min(max((end - start) / most, THIN), 1.0 - left) if end > start else 0.0
    return tag("rect", class_=kind, x=_percent(left), y=2, width=_percent(width), height=BAR - 4, rx=2)


def bounds(amount: Amount, most: float, start: float = 0.0) -> list[Element]:
    """Where the end of a bar may be: a line from the lower to the upper bound, with an arrow where that is beyond the axis; where a part
    is not known a dashed field without an end.
    """
    low = min((start + amount.low) / most, 1.0)
    if not amount.is_complete:
        return [tag("rect", class_="unknown", x=_percent(low), y=2.5, width=_percent(1.0 - low), height=BAR - 5)]
    high = min((start + amount.high) / most, 1.0)
    if amount.low >= amount.high or high - low < THIN:
        return []
    lines = [(low, high, MIDDLE, MIDDLE), (low, low, 3, BAR - 3)]
    if start + amount.high > most:
        lines += [(high - 0.012, high, 3, MIDDLE), (high - 0.012, high, BAR - 3, MIDDLE)]
    else:
        lines.append((high, high, 3, BAR - 3))
    return [tag("line", class_="bound", x1=_percent(x1), x2=_percent(x2), y1=y1, y2=y2) for x1, x2, y1, y2 in lines]


def cut() -> list[Element]:
    """The marks of a bar that is longer than the axis."""
    return [tag("line", class_="cut", x1=_percent(at), x2=_percent(at + 0.012), y1=BAR, y2=0) for at in (0.93, 0.95)]


def _axis(most: float, short: Callable[[float], str]) -> Element:
    axis = tag("svg", class_="axis", width="100%", height=AXIS, aria_hidden="true")
    for at in _ticks():
        anchor = "start" if at == 0 else "end" if at == 1 else "middle"
        axis.append(tag("text", short(most * at).replace(".0 ", " "), class_="tick", x=_percent(at), y=AXIS - 8, text_anchor=anchor))
    return axis


def _ticks() -> list[float]:
    return [at / TICKS for at in range(TICKS + 1)]


def _percent(share: float) -> str:
    return f"{100 * share:.4g}%"
