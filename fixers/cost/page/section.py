"""The part of the page that is about one file: totals, layers, scenarios, commits, steps."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dockerlint.fixers.cost.cost_report import duration, long_duration, short_duration, short_size, size, stage_title

from . import charts, layer_rows, timeline
from .figure_basis import basis
from .rows import round_end
from .tags import tag, titled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from xml.etree.ElementTree import Element

    from dockerlint.fixers.cost.bounded import Amount
    from dockerlint.fixers.cost.cost_model import Estimate

    from ..replay import Replay
    from .view import EstimateView

WIDE, NARROW = 1200, 330


def section(view: EstimateView, number: int) -> Element:
    """All about one file; `number` tells its charts from those of other files."""
    found, pair = view.found, view.pair
    title = found.file + (f" (target {found.target})" if found.target else "")
    if pair and pair.is_compared:
        title = f"{pair.names[0]} and {pair.names[1]}"
    parts = [tag("h2", title), _totals(view)]
    if pair and pair.changes:
        parts.append(_changes(pair.changes))
    parts += [*_layers(view), *_scenarios(view), *_commits(view, number)]
    for name, shown in _sides(view) if pair and pair.is_compared else [("", found)]:
        parts.append(_steps(shown, name))
    known = tag("dl")
    for name, words in basis(view):
        known.extend([tag("dt", name), tag("dd", words)])
    return tag("section", *parts, tag("h3", "What the figures rest on"), known)


def _sides(view: EstimateView) -> list[tuple[str, Estimate]]:
    """What is drawn: the two of a pair by their names, else the one."""
    return list(zip(view.pair.names, view.pair.sides, strict=True)) if view.pair else [("", view.found)]


def _totals(view: EstimateView) -> Element:
    rows: list[tuple[str, Callable[[Amount], str], Callable[[float], str], Callable[[Estimate], Amount]]] = [
        ("image", size, short_size, lambda item: item.image.adds),
        ("shipped, compressed", size, short_size, lambda item: item.image.ships),
        ("wasted", size, short_size, lambda item: item.image.wasted),
        ("expected build", duration, short_duration, lambda item: item.expected.seconds),
        ("expected push", size, short_size, lambda item: item.expected.pushed),
    ]
    return tag("div", *(_tile(name, view, word, short, of) for name, word, short, of in rows), class_="tiles")


def _tile(
    name: str,
    view: EstimateView,
    word: Callable[[Amount], str],
    short: Callable[[float], str],
    of: Callable[[Estimate], Amount],
) -> Element:
    before = of(view.pair.sides[0] if view.pair else view.found)
    found = tag("div", tag("span", name, class_="name"), tag("span", word(before), class_="figure"), class_="tile")
    found.append(_range(before, short))
    if view.pair:
        found.append(tag("span", f"{view.pair.names[1]}: {word(of(view.pair.sides[1]))}", class_="then"))
    return found


def _range(amount: Amount, short: Callable[[float], str]) -> Element:
    if amount.low == amount.high:
        return tag("span", "exact" if amount.mid else "", class_="range")
    if not amount.is_known:
        return tag("span", "unknown", class_="range")
    low = short(amount.low)
    if not math.isfinite(amount.high):
        return tag("span", f"{low} or more", class_="range")
    high = short(amount.high)
    return tag("span", "" if low == high else f"{low} to {high}", class_="range")


def _changes(changes: Sequence[str]) -> Element:
    noun = "safe fix" if len(changes) == 1 else "safe fixes"
    return tag(
        "details",
        tag("summary", f"dlint --fix makes {len(changes)} {noun}"),
        tag("ul", *(tag("li", words) for words in changes)),
    )


def _layers(view: EstimateView) -> Iterator[Element]:
    sides = [(name, layer_rows.layers(found)) for name, found in _sides(view)]
    most = layer_rows.end([rows for _, rows in sides])
    yield tag("h3", "Layers of the image")
    entries = [("base", "base image"), ("useful", "useful"), ("wasted", "wasted"), ("bounds", "lower and upper bound")]
    every = [row for _, rows in sides for row in rows]
    if any(row.is_base and row.adds.mid > most for row in every):
        entries.append(("cut", "longer than the axis"))
    if not all(row.adds.is_complete for row in every):
        entries.append(("unknown", "not known how much more"))
    yield _legend(*entries)
    figures = tag("div", class_="pair" if len(sides) > 1 else "one")
    for name, rows in sides:
        shown = layer_rows.drawn(rows, most) if rows else tag("p", "No step puts bytes into the image.")
        figures.append(tag("figure", *([tag("h4", name)] if name else []), shown))
    yield figures


def _scenarios(view: EstimateView) -> Iterator[Element]:
    sides = _sides(view)
    yield tag("h3", "What a change rebuilds")
    yield _scenario_table(view)
    entries = [("critical", "the build waits for it"), ("aside", "runs beside that")]
    if not all(step.seconds.is_complete for _, found in sides for step in found.steps):
        entries.append(("unknown", "not known how much longer"))
    yield _legend(*entries)
    for at, outcome in enumerate(view.found.plan.outcomes):
        rows = [(name, found, timeline.spans(found, found.plan.outcomes[at])) for name, found in sides]
        most = round_end(max((item.end for _, _, spans in rows for item in spans), default=0.0))
        yield tag("h3", outcome.scenario.name.capitalize())
        often, _ = outcome.likeliest
        if often < 0.995:
            yield tag("p", f"The most frequent such change, {often:.0%} of them; the table has the average.", class_="soft")
        box = tag("div", class_="pair" if len(rows) > 1 else "one")
        for name, found, spans in rows:
            figure = tag("figure", *([tag("h4", name)] if name else []))
            cached = len(found.steps) - len(spans)
            said = f"{_count(len(spans), 'step')} run, {cached} from the cache"
            if spans:
                figure.append(timeline.drawn(spans, found, most))
            if len(spans) > timeline.MOST_ROWS:
                said += f"; the {timeline.MOST_ROWS} longest are shown"
            figure.append(tag("p", said, class_="soft"))
            box.append(figure)
        yield box


def _scenario_table(view: EstimateView) -> Element:
    sides = _sides(view)
    of = [name or "" for name, _ in sides]
    names = ["change", "share"]
    names += [f"{what} {name}".strip() for what in ("build", "push", "steps") for name in of]
    body = tag("tbody")
    for at, item in enumerate(view.found.scenarios):
        every = [found.scenarios[at] for _, found in sides]
        cells = [tag("th", item.name, scope="row"), tag("td", f"{item.weight:.0%}")]
        cells += [_amount(one.seconds, duration, short_duration) for one in every]
        cells += [_amount(one.pushed, size, short_size) for one in every]
        cells += [tag("td", str(one.steps_rerun)) for one in every]
        body.append(_labelled(cells, names))
    cells = [tag("th", "expected", scope="row"), tag("td", "")]
    cells += [_amount(found.expected.seconds, duration, short_duration) for _, found in sides]
    cells += [_amount(found.expected.pushed, size, short_size) for _, found in sides]
    cells += [tag("td", "") for _ in sides]
    body.append(_labelled(cells, names))
    return tag("table", _head(names), body, class_="cards")


def _commits(view: EstimateView, number: int) -> Iterator[Element]:
    sides = [(name, found.replay) for name, found in _sides(view) if found.replay is not None]
    if not sides:
        return
    rows = [charts.columns(replay) for _, replay in sides]
    commits = sides[0][1].commits
    yield tag("h3", f"The last {_count(commits, 'commit')}")
    for name, replay in sides:
        yield tag("p", f"{name}: {_told(replay)}" if name else _told(replay))
    if len(sides) > 1:
        yield _legend(("was", sides[0][0]), ("now", sides[1][0]))
    figure = tag("figure")
    for kind, width in (("wide", WIDE), ("narrow", NARROW)):
        chart = charts.commit_chart(rows, width)
        words = "; ".join(f"{name} {_told(replay)}".strip() for name, replay in sides)
        titled(chart, "Seconds of a build, commit by commit", words, f"commits-{number}-{kind}")
        figure.append(tag("div", chart, class_=f"commits {kind}" + (" pairs" if len(sides) > 1 else "")))
    figure.append(tag("p", _columns_told(rows[0], commits), class_="soft"))
    yield figure
    names = ["commits of", "commits", *(f"builds {name}".strip() for name, _ in sides)]
    body = tag("tbody")
    for at, item in enumerate(rows[0]):
        days = item.since if item.since == item.until else f"{item.since} to {item.until}"
        cells = [tag("th", days, scope="row"), tag("td", str(item.commits))]
        body.append(_labelled([*cells, *(tag("td", duration(row[at].seconds)) for row in rows)], names))
    yield tag("details", tag("summary", "The commits as a table"), tag("table", _head(names), body, class_="cards"))


def _columns_told(rows: Sequence[charts.Column], commits: int) -> str:
    if len(rows) == commits:
        return "Seconds of the build of each commit, the oldest first."
    return f"Seconds of a build, the oldest first; a column is the average of {rows[0].commits} commits."


def _told(found: Replay) -> str:
    return (
        f"{long_duration(found.seconds)} of builds, {found.rebuilt_steps:,} steps run, {found.cached_steps:,} from the cache, "
        f"{size(found.pushed)} pushed."
    )


def _steps(found: Estimate, name: str) -> Element:
    names = ["line", "step", "size", "shipped", "wasted", "seconds", "with filled mounts", "basis", "runs again on"]
    body = tag("tbody")
    stage = -1
    many = len({item.stage for item in found.steps}) > 1
    for item in found.steps:
        if many and item.stage != stage:
            stage = item.stage
            title = tag("th", stage_title(found, stage), colspan=len(names), scope="colgroup")
            body.append(tag("tr", title, class_="stage"))
        reasons = ", ".join(reason for reason in item.reruns_in if reason != "cold")
        wasted = _amount(item.wasted, size, short_size)
        if item.wasted.mid > 0:
            wasted.set("class", "waste")
        cells = [
            tag("td", str(item.line)),
            tag("td", tag("code", item.instruction), class_="words"),
            _amount(item.adds, size, short_size),
            _amount(item.ships, size, short_size),
            wasted,
            _amount(item.seconds, duration, short_duration),
            _amount(item.seconds_warm, duration, short_duration),
            tag("td", item.basis.value if item.basis else "unknown"),
            tag("td", reasons, class_="words"),
        ]
        body.append(_labelled(cells, names, plain=2))
    return tag("div", tag("h3", f"Steps {name}".strip()), tag("table", _head(names), body, class_="cards steps"))


def _head(names: Sequence[str]) -> Element:
    cells = [tag("th", name, scope="col", **({"class_": "words"} if name in WORDS else {})) for name in names]
    return tag("thead", tag("tr", *cells))


WORDS = ("change", "step", "runs again on", "commits of")


def _labelled(cells: Sequence[Element], names: Sequence[str], plain: int = 1) -> Element:
    """A row whose cells say what they are where a narrow screen has no room for columns; the first `plain` do not."""
    for cell, name in list(zip(cells, names, strict=True))[plain:]:
        if cell.text or len(cell):
            cell.set("data-label", name)
    return tag("tr", *cells)


def _amount(amount: Amount, word: Callable[[Amount], str], short: Callable[[float], str]) -> Element:
    cell = tag("td", word(amount))
    if short(amount.low) != short(amount.high):
        cell.append(_range(amount, short))
    return cell


def _legend(*entries: tuple[str, str]) -> Element:
    return tag("ul", *(tag("li", words, class_=kind) for kind, words in entries), class_="legend")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
