"""Estimates for people and for machines."""

from __future__ import annotations

import json as json_module
from itertools import groupby
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dockerlint.lint.catalogue.basis import Basis
from dockerlint.lint.report.escaping import width as wide

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .bounded import Amount
    from .cost_model import Estimate, StepCost
    from .replay import Replay

# Columns of the table of steps: of a full one, and the least that a narrow one may have.
BAR, STEP = 12, 48
LEAST_BAR, LEAST_STEP = 6, 19
# Their figures: in full, and where there is little room.
LINE, MARKS = 5, 3
SIZE, WASTE, TIME = 15, 15, 15
LEAST_SIZE, LEAST_WASTE, LEAST_TIME = 11, 10, 12
REASONS = len("source edit, dependency change, base update")
FULL = LINE + 2 + STEP + 2 + BAR + SIZE + WASTE + TIME + 2 + REASONS
NARROW = LINE + 2 + 2 + LEAST_SIZE + LEAST_WASTE + LEAST_TIME + 2 + MARKS
BOLD, DIM, RED, PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[0m"
BLOCKS = " ▏▎▍▌▋▊▉█"
# How many times the lower bound the upper one is where both are shown, and the units of the two.
WIDE = 3
UNITS = {"B": 1, "kB": 1e3, "MB": 1e6, "s": 1, "min": 60}
LEAST_TOLD, WHOLE = 0.05, 10
HOUR = 3600
# A letter a scenario where there is no room for names.
MARK = {"source edit": "s", "dependency change": "d", "base update": "b"}
MARK_HEAD = "".join(MARK.values())
MARK_WORDS = ", ".join(f"{name} ({mark})" for name, mark in MARK.items())


def text(estimates: Sequence[Estimate], *, color: bool = False, width: int | None = None) -> str:
    """A table a file: its steps, its totals, its scenarios; `width` are the columns there are, None for no limit."""
    return "\n".join(_table(item, _Columns.within(width), color=color) for item in estimates)


class _Columns(Struct, frozen=True):
    """How wide the columns are, and whether there is room for the names of scenarios or only for a mark each."""

    step: int = STEP
    bar: int = BAR
    size: int = SIZE
    waste: int = WASTE
    time: int = TIME
    names: bool = True

    @classmethod
    def within(cls, width: int | None) -> _Columns:
        if width is None:
            return cls()
        if width >= FULL:
            return cls(step=STEP + width - FULL)
        left = width - NARROW
        bar = min(BAR, max(LEAST_BAR, left // 4))
        return cls(max(LEAST_STEP, left - bar), bar, LEAST_SIZE, LEAST_WASTE, LEAST_TIME, names=False)

    def cell(self, words: str, room: int) -> str:
        """A figure at the right of its column; a range in fewer letters where there is little room."""
        if not self.names:
            words = words.replace("up to ", "<").replace(" to ", "-")
        return f"{words:>{room}}"


def json(estimates: Sequence[Estimate]) -> str:
    """One object for one estimate, a list of them for several."""
    data = [as_data(item) for item in estimates]
    return json_module.dumps(data[0] if len(data) == 1 else data, indent=1)


def compare_text(before: Estimate, after: Estimate, *, color: bool = False) -> str:
    """Totals and scenarios of two files side by side."""
    rows = [
        ("image", size(before.image.adds), size(after.image.adds)),
        ("shipped", size(before.image.ships), size(after.image.ships)),
        ("wasted", size(before.image.wasted), size(after.image.wasted)),
    ]
    pairs = zip(before.scenarios, after.scenarios, strict=True)
    rows += [(one.name, duration(one.seconds), duration(other.seconds)) for one, other in pairs]
    rows.append(("expected build", duration(before.expected.seconds), duration(after.expected.seconds)))
    rows.append(("expected push", size(before.expected.pushed), size(after.expected.pushed)))
    if before.replay is not None and after.replay is not None:
        old, new = before.replay, after.replay
        rows.append((f"last {old.commits} commits", long_duration(old.seconds), long_duration(new.seconds)))
        rows.append(("steps run", f"{old.rebuilt_steps:,}", f"{new.rebuilt_steps:,}"))
    lines = [f"{name:<20}{old:>16}  ->{new:>16}" for name, old, new in rows]
    head = _style(f"{before.file} -> {after.file}", BOLD, color=color)
    return "\n".join([head, *lines]) + "\n"


def compare_json(before: Estimate, after: Estimate) -> str:
    """`{"before": ..., "after": ...}`."""
    return json_module.dumps({"before": as_data(before), "after": as_data(after)}, indent=1)


def as_data(found: Estimate) -> dict[str, Any]:
    """An estimate as the contract of `dlint cost --format json` has it: bytes and seconds."""
    return {
        "file": found.file,
        "target": found.target,
        "image": {
            "adds": found.image.adds.as_json(),
            "ships": found.image.ships.as_json(),
            "wasted": found.image.wasted.as_json(),
        },
        "steps": [_step(item) for item in found.steps],
        "scenarios": [
            {
                "name": item.name,
                "weight": item.weight,
                "seconds": item.seconds.as_json(),
                "pushed": item.pushed.as_json(),
                "steps_rerun": item.steps_rerun,
            }
            for item in found.scenarios
        ],
        "expected": {"seconds": found.expected.seconds.as_json(), "pushed": found.expected.pushed.as_json()},
        "replay": None if found.replay is None else _replay(found.replay),
    }


def _replay(found: Replay) -> dict[str, Any]:
    return {
        "commits": found.commits,
        "since": found.since,
        "rebuilt_steps": found.rebuilt_steps,
        "cached_steps": found.cached_steps,
        "seconds": found.seconds.as_json(),
        "pushed": found.pushed.as_json(),
        "fixed": None if found.fixed is None else _replay(found.fixed),
    }


def _step(item: StepCost) -> dict[str, Any]:
    return {
        "line": item.line,
        "end_line": item.end_line,
        "stage": item.stage,
        "instruction": item.instruction,
        "adds": item.adds.as_json(),
        "ships": item.ships.as_json(),
        "wasted": item.wasted.as_json(),
        "seconds": item.seconds.as_json(),
        "seconds_warm": item.seconds_warm.as_json(),
        "basis": item.basis.value if item.basis else None,
        "reruns_in": list(item.reruns_in),
    }


def size(amount: Amount) -> str:
    """Bytes in MB or kB: `~` before a heuristic, `>` before a sum of which a part is not known, `?` for nothing known.

    A heuristic has two significant digits; where its bounds are far apart these stand in its place.
    """
    return _marked(amount, short_size)


def short_size(value: float) -> str:
    """Bytes in MB or kB."""
    if value >= 1e5:
        return f"{value / 1e6:,.1f} MB"
    return f"{value / 1e3:,.1f} kB" if value >= 1000 else f"{value:.0f} B"


def duration(amount: Amount) -> str:
    """Seconds, marked as sizes are."""
    return _marked(amount, short_duration)


def short_duration(value: float) -> str:
    """Seconds, or minutes where they are many."""
    return f"{value:,.1f} s" if value < 100 else f"{value / 60:,.1f} min"


def at_least(amount: Amount, shown: Callable[[Amount], str] = size) -> str:
    """A total in words: one of which a part is not known is at least so much."""
    words = shown(amount)
    return f"at least {words[1:]}" if words.startswith(">") else words


def long_duration(amount: Amount) -> str:
    """The time of many builds in hours and minutes, marked as sizes are."""
    return duration(amount) if amount.mid < HOUR or is_wide(amount) else _marked(amount, _hours)


def _hours(value: float) -> str:
    hours, minutes = divmod(round(value / 60), 60)
    return f"{hours:,} h {minutes} min"


def _marked(amount: Amount, shown: Callable[[float], str]) -> str:
    known = shown(amount.mid)
    if not amount.is_complete:
        # to say that it is more than nothing tells nothing
        return f">{known}" if any(digit in known for digit in "123456789") else "?"
    if amount.basis is not Basis.HEURISTIC or amount.mid <= 0:
        return known
    if is_wide(amount):
        return _range(amount, shown)
    return f"~{_short(shown(_rounded(amount.mid)))}"


def is_wide(amount: Amount) -> bool:
    """Whether the bounds are so far apart that the value between them says little."""
    return amount.high > WIDE * max(amount.low, amount.high / 1e6)


def _range(amount: Amount, shown: Callable[[float], str]) -> str:
    """`2 to 19 min`, both in the unit of the upper bound; a lower bound that is next to nothing there is not told."""
    unit = shown(amount.high).rpartition(" ")[2]
    factor = UNITS[unit]
    low, high = amount.low / factor, f"{_digits(amount.high / factor)} {unit}"
    return f"up to {high}" if low < LEAST_TOLD else f"{_digits(low)} to {high}"


def _digits(value: float) -> str:
    return f"{_rounded(value):,.0f}" if value >= WHOLE else f"{value:.2g}"


def _short(words: str) -> str:
    """A figure without a zero behind the point."""
    return words.replace(".0 ", " ")


def _rounded(value: float) -> float:
    """Two significant digits."""
    return float(f"{value:.2g}")


def _table(found: Estimate, columns: _Columns, *, color: bool) -> str:
    most = max((step.adds.mid for step in found.steps), default=0.0)
    title = found.file + (f" (target {found.target})" if found.target else "")
    reasons = "runs again on" if columns.names else MARK_HEAD
    head = (
        f"{'line':>{LINE}}  {'step':<{columns.step}}  {'':<{columns.bar}}"
        f"{'size':>{columns.size}}{'waste':>{columns.waste}}{'time':>{columns.time}}"
        f"  {reasons}"
    )
    lines = [_style(title, BOLD, color=color), _style(head, DIM, color=color)]
    staged = len({step.stage for step in found.steps}) > 1
    for stage, steps in groupby(found.steps, key=lambda step: step.stage):
        if staged:
            lines.append(_style(stage_title(found, stage), BOLD, color=color))
        lines += [_row(step, most, columns, color=color) for step in steps]
    if not columns.names:
        lines.append(_style(f"runs again on a {MARK_WORDS}", DIM, color=color))
    image = found.image
    lines += [
        "",
        f"image {at_least(image.adds)}, shipped {at_least(image.ships)}, wasted {at_least(image.wasted)}",
        *([f"{found.measured} of {len(found.steps)} steps measured"] if found.measured is not None else []),
        "",
        _style(f"{'scenario':<20}{'share':>6}{'build':>16}{'push':>16}{'steps':>7}", DIM, color=color),
    ]
    lines += [
        f"{item.name:<20}{item.weight:>6.0%}{duration(item.seconds):>16}{size(item.pushed):>16}{item.steps_rerun:>7}"
        for item in found.scenarios
    ]
    expected = found.expected
    lines.append(f"{'expected a build':<26}{duration(expected.seconds):>16}{size(expected.pushed):>16}")
    if found.replay is not None:
        lines += ["", *_commits(found.replay)]
    return "\n".join(lines) + "\n"


def stage_title(found: Estimate, stage: int) -> str:
    """What a stage is called, and whether its bytes are part of the image."""
    name = found.plan.stages[stage]
    ships = any(step.ships for step in found.plan.graph.steps if step.stage == stage)
    return f"stage {stage if name is None else name}, {'ships' if ships else 'does not ship'}"


def _commits(found: Replay) -> list[str]:
    """What the commits would have cost, and what with the safe fixes made."""
    last = "commit" if found.commits == 1 else f"{found.commits} commits"
    head = f"the last {last} (since {found.since[:10]}) would have rebuilt for {long_duration(found.seconds)}"
    lines = [
        f"{head}: {found.rebuilt_steps:,} steps run, {found.cached_steps:,} from the cache, {size(found.pushed)} pushed"
    ]
    if found.sees_git:
        lines.append("`.git` is in the context, so that each commit runs the steps again that copy it: name it in .dockerignore")
    if found.fixed is not None:
        lines.append(
            f"after `dlint --fix`: {long_duration(found.fixed.seconds)}, {found.fixed.rebuilt_steps:,} steps run, "
            f"{found.fixed.cached_steps:,} from the cache, {size(found.fixed.pushed)} pushed"
        )
    return lines


def _row(step: StepCost, most: float, columns: _Columns, *, color: bool) -> str:
    name = step.instruction
    if wide(name) > columns.step:
        name = f"{_cut(name, columns.step - 3)}..."
    name += " " * (columns.step - wide(name))
    waste = size(step.wasted) if step.wasted.mid > 0 else ""
    reasons = [name for name in step.reruns_in if name != "cold"]
    told = ", ".join(reasons) if columns.names else "".join(MARK.get(name, "") for name in reasons)
    cell = _style(columns.cell(waste, columns.waste), RED, color=color)
    return (
        f"{step.line:>{LINE}}  {name}  {_bar(step.adds.mid, most, columns.bar):<{columns.bar}}"
        f"{columns.cell(size(step.adds), columns.size)}{cell}{columns.cell(duration(step.seconds), columns.time)}  {told}"
    ).rstrip()


def _cut(words: str, room: int) -> str:
    """The beginning that fits into so many columns; letters of some scripts take two."""
    while wide(words) > room:
        words = words[:room] if len(words) > room else words[:-1]
    return words


def _bar(value: float, most: float, room: int) -> str:
    eighths = round(value / most * room * 8) if most > 0 else 0
    full, rest = divmod(eighths, 8)
    return BLOCKS[-1] * full + (BLOCKS[rest] if rest else "")


def _style(words: str, code: str, *, color: bool) -> str:
    return f"{code}{words}{PLAIN}" if color and words.strip() else words
