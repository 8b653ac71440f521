"""Which step of a build each measured row is about: by its words, and by its place among the others.

A row never gets to another step because rows are missing: texts that stand once on both sides are held for the same, then
those that stand once between two of these, and so on; what stands as often on both sides goes in order, the rest is left
out.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

from dockerlint.lint.catalogue.base_images import parse_reference

from . import step_wording
from .measured_row import Figures

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from dockerlint.fixers.cost.build_graph import BuildGraph, Step
    from dockerlint.lint.analysis.facts import Facts

    from .measured_row import Row

# A history has hundreds of rows at most, a log thousands of lines.
MOST_ROWS = 5_000


def of_image(rows: Sequence[Row], graph: BuildGraph, facts: Facts) -> dict[int, Figures]:
    """The figures of the steps that made an image, by number, from its history with the oldest row first.

    The rows before the Dockerfile's first step are the base image's. Empty when no step is found.
    """
    said = [step_wording.said(row.text) for row in rows]
    # metadata makes no layer, and WORKDIR / no folder
    layers = [at for at, text in enumerate(said) if not _is_metadata(text) and text != "WORKDIR /"][-MOST_ROWS:]
    chain = [*graph.chain(graph.last)][::-1]
    steps = [step for step in chain if not step.is_pull]
    pairs = _pairs([said[at] for at in layers], steps, facts)
    places = {to: layers[at] for at, to in sorted(pairs.items())}
    found: dict[int, Figures] = {}
    if not _is_squashed(rows, said, list(places.values())):
        found = {steps[to].number: rows[at].figures for to, at in places.items()}
    if chain and chain[0].is_pull and (0 in places or not steps):
        below = rows[: places.get(0, len(rows))]
        if below:
            found[chain[0].number] = _sum(below)
    return found


def _is_metadata(text: str) -> bool:
    return text.partition(" ")[0] in step_wording.METADATA


def _is_squashed(rows: Sequence[Row], said: Sequence[str], places: Sequence[int]) -> bool:
    """Whether one row has the layer of all the steps, as buildah and kaniko can make it; `places` are the steps' rows."""
    if len(places) > 1 and all(rows[at].empty for at in places[:-1]):
        return True
    after = range(places[0], len(rows)) if places else ()
    return any(rows[at].figures.adds and _is_metadata(said[at]) for at in after)


def _sum(rows: Sequence[Row]) -> Figures:
    """The bytes of several layers; a part that is not known leaves the sum unknown."""
    layers = [row.figures for row in rows]

    def total(values: list[int | None]) -> int | None:
        known = [value for value in values if value is not None]
        return sum(known) if len(known) == len(values) else None

    return Figures(
        total([item.adds for item in layers]),
        total([item.ships for item in layers]),
        total([item.wasted for item in layers]),
    )


def of_log(rows: Sequence[Row], graph: BuildGraph, facts: Facts) -> dict[int, Figures]:
    """The seconds of the steps of a build, by number; a step from the cache has none. Empty when no step is found."""
    stages = {(stage.name or f"stage-{stage.index}").lower(): stage.index for stage in facts.graph.stages}
    target = facts.graph.target
    rows_of: dict[int, list[Row]] = defaultdict(list)
    pulls: dict[Hashable, Row] = {}
    for row in rows[:MOST_ROWS]:
        keyword, _, rest = row.text.partition(" ")
        if keyword == "FROM":
            pulls.setdefault(_image(rest.strip()), row)
            continue
        # the last word is the stage's; before it a platform or a service's name may stand
        name = row.labels[-1].lower() if row.labels else ""
        stage = stages.get(name, target.index if target else 0)
        rows_of[stage].append(row)
    found = {
        step.number: pulls[key].figures for step in graph.steps if step.image and (key := _image(step.image)) in pulls
    }
    for stage, members in rows_of.items():
        steps = [step for step in graph.steps if step.stage == stage and not step.is_pull]
        pairs = _pairs([step_wording.without_flags(row.text) for row in members], steps, facts)
        found |= {steps[to].number: members[at].figures for at, to in pairs.items()}
    return _with_twins(found, graph, facts)


def _image(reference: str) -> Hashable:
    found = parse_reference(reference)
    return found.repository, found.tag


def _with_twins(found: dict[int, Figures], graph: BuildGraph, facts: Facts) -> dict[int, Figures]:
    """Steps that are the same thing are built once, and told once: in two stages with one base, say."""
    names: dict[int, Hashable] = {}
    numbers: dict[Hashable, int] = {}
    for step in graph.steps:
        below = (names.get(step.parent) if step.parent is not None else None, step.image)
        read = tuple((source.origin, source.pattern, names.get(source.step or -1)) for source in step.sources)
        name = (text(step, facts), below, read)
        # a short name for a long one
        names[step.number] = numbers.setdefault(name, len(numbers))
    known = {names[number]: figures for number, figures in found.items()}
    return {step.number: known[names[step.number]] for step in graph.steps if names[step.number] in known}


def text(step: Step, facts: Facts) -> str:
    """A step's own words as the file has them, less comments and line breaks."""
    if step.is_pull:
        return f"FROM {step.image}"
    doc = facts.doc
    words = "".join(doc.source(piece) for piece in doc.pieces(step.node.span)).split()
    return " ".join([words[0].upper(), *words[1:]])


def _pairs(rows: Sequence[str], steps: Sequence[Step], facts: Facts) -> dict[int, int]:
    """Which row is which step, by their places in the two lists."""
    kinds = _kinds(rows, steps, facts)
    of_rows, of_steps = kinds[: len(rows)], kinds[len(rows) :]
    if len(rows) >= len(steps) and of_rows[len(rows) - len(steps) :] == of_steps:
        return {len(rows) - len(steps) + at: at for at in range(len(steps))}
    return align(of_rows, of_steps)


def _kinds(rows: Sequence[str], steps: Sequence[Step], facts: Facts) -> list[int]:
    """A number for each row and each step; the same for what may be the same."""
    own: dict[str, int] = {}
    numbers = [own.setdefault(text(step, facts), len(own)) for step in steps]
    forms: dict[str, set[int]] = defaultdict(set)
    patterns = []
    for step, number in zip(steps, numbers, strict=True):
        for form in step_wording.texts(step, facts):
            forms[form].add(number)
        if found := step_wording.pattern(step, facts):
            patterns.append((found, number))
    roots = list(range(len(own)))

    def root(number: int) -> int:
        while roots[number] != number:
            number = roots[number]
        return number

    result: list[int] = []
    for at, row in enumerate(rows):
        among = sorted(_candidates(step_wording.loose(row), forms, patterns, is_cut=row.endswith(step_wording.CUT)))
        # what one row cannot tell apart is the same for all of them
        for other in among[1:]:
            roots[root(other)] = root(among[0])
        result.append(among[0] if among else -1 - at)
    return [root(kind) if kind >= 0 else kind for kind in (*result, *numbers)]


def _candidates(
    row: str, forms: dict[str, set[int]], patterns: Sequence[tuple[step_wording.Pattern, int]], *, is_cut: bool
) -> set[int]:
    if row in forms:
        return forms[row]
    if row.startswith("RUN |"):
        # `RUN |2 A=x B=y z /bin/sh -c script`: where the values end only the script can tell
        ends = [form for form in forms if row.endswith(form.removeprefix("RUN")) and form.startswith("RUN ")]
        return forms[max(ends, key=len)] if ends else set()
    if is_cut:
        start = row.rstrip(".…").rstrip()
        return {number for form, found in forms.items() if form.startswith(start) for number in found}
    return {number for pattern, number in patterns if pattern.fits(row)}


def align(rows: Sequence[int], steps: Sequence[int]) -> dict[int, int]:
    """Places in `rows` to places in `steps` of the same kind. Right whenever `rows` are `steps` with some left out."""
    found: dict[int, int] = {}
    spans = [(0, len(rows), 0, len(steps))]
    while spans:
        top, bottom, first, last = spans.pop()
        anchors = _anchors(rows[top:bottom], steps[first:last])
        if not anchors:
            found |= {top + at: first + to for at, to in _as_often(rows[top:bottom], steps[first:last])}
            continue
        edges = [(-1, -1), *anchors, (bottom - top, last - first)]
        found |= {top + at: first + to for at, to in anchors}
        for (row, step), (next_row, next_step) in pairwise(edges):
            if next_row - row > 1 and next_step - step > 1:
                spans.append((top + row + 1, top + next_row, first + step + 1, first + next_step))
    return found


def _anchors(rows: Sequence[int], steps: Sequence[int]) -> list[tuple[int, int]]:
    """The longest run, in order on both sides, of kinds that stand once on each."""
    in_rows, in_steps = Counter(rows), Counter(steps)
    places = {kind: to for to, kind in enumerate(steps)}
    single = [(at, places[kind]) for at, kind in enumerate(rows) if in_rows[kind] == in_steps[kind] == 1]
    ends: list[int] = []
    chosen: list[int] = []
    before: list[int] = []
    for number, (_, to) in enumerate(single):
        rank = bisect_left(ends, to)
        ends[rank : rank + 1] = [to]
        chosen[rank : rank + 1] = [number]
        before.append(chosen[rank - 1] if rank else -1)
    run = []
    at = chosen[-1] if chosen else -1
    while at >= 0:
        run.append(single[at])
        at = before[at]
    return run[::-1]


def _as_often(rows: Sequence[int], steps: Sequence[int]) -> list[tuple[int, int]]:
    """What stands more than once, as often on both sides and in the same order."""
    in_rows, in_steps = Counter(rows), Counter(steps)
    both = {kind for kind, count in in_rows.items() if in_steps[kind] == count}
    left = [at for at, kind in enumerate(rows) if kind in both]
    right = [to for to, kind in enumerate(steps) if kind in both]
    if [rows[at] for at in left] != [steps[to] for to in right]:
        return []
    return list(zip(left, right, strict=True))
