"""Commits and counts as bars, drawn by pygal as shapes alone: the page's own style colours them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element, fromstring

import pygal
from msgspec import Struct
from pygal.style import Style

from dockerlint.fixers.cost.bounded import total
from dockerlint.fixers.cost.cost_report import short_duration

from .rows import round_end
from .tags import drawing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dockerlint.fixers.cost.bounded import Amount

    from ..replay import Replay

FONT = 12
ROW = 30
MOST_COLUMNS = 100


class Column(Struct, frozen=True):
    """Some commits that follow each other: dates of the first and the last, how many, seconds of all their builds."""

    since: str
    until: str
    commits: int
    seconds: Amount


def columns(found: Replay) -> list[Column]:
    """The commits, the oldest first; neighbours together where there are very many."""
    size = -(-len(found.each) // MOST_COLUMNS)
    groups = [found.each[at : at + size] for at in range(0, len(found.each), size)]
    return [
        Column(group[0].date[:10], group[-1].date[:10], len(group), total(item.seconds for item in group))
        for group in groups
    ]


def commit_chart(found: Sequence[Sequence[Column]], width: int) -> Element:
    """Seconds of a build, commit by commit; a second row of figures stands beside the first."""
    first = found[0]
    every = -(-len(first) // (3 if width < 500 else 6))
    seconds = [[item.seconds.mid / item.commits for item in row] for row in found]
    most = round_end(max(max(row, default=0.0) for row in seconds))
    # where the middle reads as an end does, it says nothing
    marks = {short_duration(value): value for value in (most / 2, 0.0, most)}
    chart = pygal.Bar(
        **_settings(width, 220, lambda value: short_duration(value)),
        x_labels=[item.since if at % every == 0 else "" for at, item in enumerate(first)],
        y_labels=sorted(marks.values()),
        range=(0, most),
        truncate_label=-1,
        spacing=4,
    )
    for number, row in enumerate(seconds):
        chart.add(str(number), row)
    return _drawn(chart)


def bar_chart(rows: Sequence[tuple[str, float]], width: int, label: int, formatter: Callable[[float], str]) -> Element:
    """Plain bars, the first row on top; names are cut to `label` characters."""
    chart = pygal.HorizontalBar(
        **_settings(width, ROW * len(rows) + 40, formatter),
        x_labels=[_cut(name, label) for name, _ in reversed(rows)],
        range=(0, max((value for _, value in rows), default=0) or 1),
        truncate_label=-1,
        spacing=4,
    )
    chart.add("", [value for _, value in reversed(rows)])
    return _drawn(chart)


def _settings(width: int, height: int, formatter: Callable[[float], str]) -> dict[str, Any]:
    return {
        "width": width,
        "height": height,
        "margin": 4,
        "margin_right": 16,
        "css": [],
        "js": [],
        "style": Style(label_font_size=FONT, major_label_font_size=FONT),
        "show_legend": False,
        "value_formatter": formatter,
        "disable_xml_declaration": True,
        "max_scale": 5,
        "x_label_rotation": 0,
    }


def _drawn(chart: Any) -> Element:
    # pygal's own text: labels in it are escaped by its tree
    return drawing(fromstring(chart.render(is_unicode=True)))  # noqa: S314


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
