"""A scenario's build over time: a bar a step that runs again, from its start to its end, those on the longest way marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.fixers.cost.cost_report import at_least, duration, short_duration
from dockerlint.fixers.cost.step_times import ends

from . import rows
from .tags import tag

if TYPE_CHECKING:
    from collections.abc import Sequence
    from xml.etree.ElementTree import Element

    from dockerlint.fixers.cost.bounded import Amount
    from dockerlint.fixers.cost.cost_model import Estimate

    from ..scenarios import ScenarioOutcome

MOST_ROWS = 40


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


def drawn(rows_of: Sequence[TimeSpan], found: Estimate, most: float) -> Element:
    """Bars over an axis from 0 to `most` seconds; the shortest of very many are left to the table of steps."""
    kept = rows_of
    if len(rows_of) > MOST_ROWS:
        longest = sorted(rows_of, key=lambda item: (-item.seconds.mid, item.number))[:MOST_ROWS]
        kept = sorted(longest, key=lambda item: item.number)
    return rows.chart([(_words(item, found), _bar(item, most)) for item in kept], most, short_duration)


def _words(item: TimeSpan, found: Estimate) -> Element:
    cost = found.steps[item.number]
    # of what is nothing or more nothing is known
    words = at_least(item.seconds, duration) if item.seconds.is_complete or item.seconds.mid > 0 else "time unknown"
    return tag("span", tag("b", words), " ", tag("code", f"{cost.line} {cost.instruction}"), class_="words")


def _bar(item: TimeSpan, most: float) -> list[Element]:
    shapes = [rows.bar("critical" if item.critical else "aside", item.start, max(item.end, item.start + most * rows.THIN), most)]
    # how sure the time is stands in the words; that it is not known is to be seen
    return shapes if item.seconds.is_complete else [*shapes, *rows.bounds(item.seconds, most, item.start)]
