"""Estimates for people and for machines."""

from __future__ import annotations

import json as json_module
from typing import TYPE_CHECKING, Any

from dockerlint.lint.findings import Basis

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .figures import Amount
    from .model import Estimate, StepCost
    from .replay import Replay

BAR, STEP = 12, 48
BOLD, DIM, RED, PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[0m"
BLOCKS = " ▏▎▍▌▋▊▉█"


def text(estimates: Sequence[Estimate], *, color: bool = False) -> str:
    """A table a file: its steps, its totals, its scenarios."""
    return "\n".join(_table(item, color=color) for item in estimates)


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
    lines = [f"{name:<20}{old:>12}  ->{new:>12}" for name, old, new in rows]
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
    """Bytes in MB or kB: `~` before a heuristic, `>` before a sum of which a part is not known, `?` for nothing known."""
    value = amount.mid
    known = (
        f"{value / 1e6:,.1f} MB" if value >= 1e5 else f"{value / 1e3:,.1f} kB" if value >= 1000 else f"{value:.0f} B"
    )
    return _marked(amount, known)


def duration(amount: Amount) -> str:
    """Seconds, marked as sizes are."""
    return _marked(amount, f"{amount.mid:,.1f} s" if amount.mid < 100 else f"{amount.mid / 60:,.1f} min")


def long_duration(amount: Amount) -> str:
    """The time of many builds in hours and minutes, marked as sizes are."""
    if amount.mid < 3600:
        return duration(amount)
    hours, minutes = divmod(round(amount.mid / 60), 60)
    return _marked(amount, f"{hours:,} h {minutes} min")


def _marked(amount: Amount, known: str) -> str:
    if not amount.is_complete:
        return f">{known}" if amount.mid > 0 else "?"
    return f"~{known}" if amount.basis is Basis.HEURISTIC and amount.mid > 0 else known


def _table(found: Estimate, *, color: bool) -> str:
    most = max((step.adds.mid for step in found.steps), default=0.0)
    title = found.file + (f" (target {found.target})" if found.target else "")
    head = f"{'line':>5}  {'step':<{STEP}}  {'':<{BAR}}{'size':>11}{'waste':>11}{'time':>9}  runs again on"
    lines = [_style(title, BOLD, color=color), _style(head, DIM, color=color)]
    lines += [_row(step, most, color=color) for step in found.steps]
    image = found.image
    lines += [
        "",
        f"image {size(image.adds)}, shipped {size(image.ships)}, wasted {size(image.wasted)}",
        *([f"{found.measured} of {len(found.steps)} steps measured"] if found.measured is not None else []),
        "",
        _style(f"{'scenario':<20}{'share':>6}{'build':>12}{'push':>12}{'steps':>7}", DIM, color=color),
    ]
    lines += [
        f"{item.name:<20}{item.weight:>6.0%}{duration(item.seconds):>12}{size(item.pushed):>12}{item.steps_rerun:>7}"
        for item in found.scenarios
    ]
    expected = found.expected
    lines.append(f"{'expected a build':<26}{duration(expected.seconds):>12}{size(expected.pushed):>12}")
    if found.replay is not None:
        lines += ["", *_commits(found.replay)]
    return "\n".join(lines) + "\n"


def _commits(found: Replay) -> list[str]:
    """What the commits would have cost, and what with the safe fixes made."""
    last = "commit" if found.commits == 1 else f"{found.commits} commits"
    head = f"the last {last} (since {found.since[:10]}) would have rebuilt for {long_duration(found.seconds)}"
    lines = [
        f"{head}: {found.rebuilt_steps:,} steps run, {found.cached_steps:,} from the cache, {size(found.pushed)} pushed"
    ]
    if found.fixed is not None:
        lines.append(
            f"after `dlint --fix`: {long_duration(found.fixed.seconds)}, {found.fixed.rebuilt_steps:,} steps run, "
            f"{found.fixed.cached_steps:,} from the cache, {size(found.fixed.pushed)} pushed"
        )
    return lines


def _row(step: StepCost, most: float, *, color: bool) -> str:
    name = step.instruction if len(step.instruction) <= STEP else step.instruction[: STEP - 3] + "..."
    waste = size(step.wasted) if step.wasted.mid > 0 else ""
    reasons = ", ".join(name for name in step.reruns_in if name != "cold")
    cell = _style(f"{waste:>11}", RED, color=color)
    return (
        f"{step.line:>5}  {name:<{STEP}}  {_bar(step.adds.mid, most):<{BAR}}{size(step.adds):>11}"
        f"{cell}{duration(step.seconds):>9}  {reasons}"
    ).rstrip()


def _bar(value: float, most: float) -> str:
    eighths = round(value / most * BAR * 8) if most > 0 else 0
    full, rest = divmod(eighths, 8)
    return BLOCKS[-1] * full + (BLOCKS[rest] if rest else "")


def _style(words: str, code: str, *, color: bool) -> str:
    return f"{code}{words}{PLAIN}" if color and words.strip() else words
