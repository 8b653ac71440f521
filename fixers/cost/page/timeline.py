"""A scenario's build over time: a bar a step that runs again, from its start to its end, those on the longest way marked.

Places are shares of the width, so that texts keep their size on a telephone as on a wall.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.fixers.cost.cost_report import short_duration
from dockerlint.fixers.cost.step_times import ends

from .tags import tag

if TYPE_CHECKING:
    from collections.abc import Sequence
    from xml.etree.ElementTree import Element

    from dockerlint.fixers.cost.bounded import Amount
    from dockerlint.fixers.cost.cost_model import Estimate

    from ..scenarios import ScenarioOutcome

ROW, LINE, BAR, AXIS, TICKS = 34, 14, 10, 22, 4
MOST_ROWS = 40
# Columns that a label may take; the drawing cuts off what does not fit.
MOST_LABEL = 90


class TimeSpan(Struct, frozen=True):
    """A step that runs again: its number, when it starts and ends, its own seconds; `critical` when the build waits for it."""

    number: int
    start: float
    end: float
    seconds: Amount
    critical: bool


def spans(found: Estimate, outcome: ScenarioOutcome) -> list[TimeSpan]:
    """The steps of the most frequent case of a scenario, in the order of the file."""
    plan = found.plan
    _, again = outcome.likeliest
    mounts = outcome.scenario.mounts
    done = [item.mid for item in ends(plan.graph, plan.times, again, mounts)]
    critical: set[int] = set()
    at = plan.graph.last
    while at is not None and done[at] > 0:
        critical.add(at)
        at = max(plan.graph.steps[at].waits_for, key=done.__getitem__, default=None)
    return [
        TimeSpan(number, done[number] - seconds.mid, done[number], seconds, number in critical)
        for number in sorted(again)
        for seconds in [plan.times[number].of(mounts)]
    ]


def drawn(rows: Sequence[TimeSpan], found: Estimate, most: float) -> Element:
    """Bars over an axis from 0 to `most` seconds; the shortest of very many are left to the table of steps."""
    kept = rows
    if len(rows) > MOST_ROWS:
        longest = sorted(rows, key=lambda item: (-item.seconds.mid, item.number))[:MOST_ROWS]
        kept = sorted(longest, key=lambda item: item.number)
    height = ROW * len(kept) + AXIS
    chart = tag("svg", class_="timeline", width="100%", height=height)
    for share in range(TICKS + 1):
        x = f"{100 * share / TICKS:g}%"
        anchor = "start" if share == 0 else "end" if share == TICKS else "middle"
        chart.append(tag("line", class_="guide", x1=x, x2=x, y1=0, y2=height - AXIS + 4))
        label = short_duration(most * share / TICKS)
        chart.append(tag("text", label, class_="tick", x=x, y=height - 6, text_anchor=anchor))
    for at, item in enumerate(kept):
        chart.extend(_row(item, found, most, at * ROW))
    return chart


def _row(item: TimeSpan, found: Estimate, most: float, top: int) -> list[Element]:
    cost = found.steps[item.number]
    kind = "critical" if item.critical else "aside"
    name = f"{short_duration(item.seconds.mid)} · {cost.line} {cost.instruction}"
    return [
        tag("text", name if len(name) <= MOST_LABEL else name[: MOST_LABEL - 1] + "…", x="0", y=top + LINE),
        tag(
            "rect",
            class_=kind,
            x=_share(item.start, most),
            y=top + LINE + 5,
            width=_share(max(item.end - item.start, most / 400), most),
            height=BAR,
            rx=2,
        ),
    ]


def _share(value: float, most: float) -> str:
    return f"{100 * value / most:.2f}%" if most > 0 else "0%"
