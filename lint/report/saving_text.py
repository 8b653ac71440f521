"""Savings in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.catalogue.basis import Basis
from dockerlint.lint.engine.findings import LEAST_BYTES, LEAST_SECONDS, Saving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dockerlint.lint.engine.findings import Bounds

# How many times the lower bound the upper one is where both are told.
WIDE = 2
# A lower bound of less than this share of the upper one is next to nothing beside it.
NOTHING = 0.01
UNITS = {"B": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9, "s": 1.0, "min": 60.0}
# A lower bound is told in the unit of the upper one from here on; a figure has no decimals from there on.
LEAST_IN_UNIT, WHOLE = 0.1, 10


def size(count: float) -> str:
    """Bytes with a decimal prefix, as docker shows them."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= factor * 0.9995:
            value = count / factor
            return f"{value:.0f} {unit}" if value >= WHOLE else f"{value:.1f} {unit}"
    return f"{count:.0f} B"


def duration(seconds: float) -> str:
    """Seconds, minutes or hours."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def phrase(saving: Saving | None) -> str:
    """`saves about 230 MB and about 43 s a rebuild`; empty when there is nothing worth saying."""
    if saving is None:
        return ""
    gains, losses = parts(saving), parts(_negative(saving))
    said = [f"saves {' and '.join(gains)}"] if gains else []
    said += [f"costs {' and '.join(losses)}"] if losses else []
    return ", ".join(said)


def in_brackets(saving: Saving | None) -> str:
    """`(saves about 230 MB and about 43 s a rebuild)`; empty when there is nothing worth saying."""
    words = phrase(saving)
    return f"({words})" if words else ""


def told(message: str, saving: Saving | None) -> str:
    """A message that says what mending it saves, for formats whose readers show nothing else."""
    return f"{message} {in_brackets(saving)}".rstrip() if saving else message


def parts(saving: Saving) -> list[str]:
    """The gains of a saving, those that are worth saying."""
    said = []
    is_measured = saving.basis is Basis.MEASURED
    if saving.image_bytes >= LEAST_BYTES:
        said.append(size(saving.image_bytes) if is_measured else _estimated(saving.image_bytes, saving.bytes_bounds, size))
    if saving.rebuild_seconds >= LEAST_SECONDS:
        seconds = saving.rebuild_seconds
        words = duration(seconds) if is_measured else _estimated(seconds, saving.seconds_bounds, duration)
        said.append(f"{words} a rebuild")
    return said


def about(value: float, shown: Callable[[float], str]) -> str:
    """An estimate of two significant digits: `about 230 MB`."""
    return f"about {shown(_rounded(value, shown))}"


def counted(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def total(savings: Iterable[Saving | None]) -> Saving | None:
    """Savings of fixes that leave each other alone, together."""
    known = [saving for saving in savings if saving]
    if not known:
        return None
    basis = max((saving.basis for saving in known), key=list(Basis).index)
    return Saving(
        sum(item.image_bytes for item in known),
        sum(item.rebuild_seconds for item in known),
        basis,
        _sum([item.bytes_bounds for item in known if item.image_bytes]),
        _sum([item.seconds_bounds for item in known if item.rebuild_seconds]),
    )


def _negative(saving: Saving) -> Saving:
    bounds = (pair and (-pair[1], -pair[0]) for pair in (saving.bytes_bounds, saving.seconds_bounds))
    return Saving(-saving.image_bytes, -saving.rebuild_seconds, saving.basis, *bounds)


def _sum(pairs: Sequence[Bounds | None]) -> Bounds | None:
    known = [pair for pair in pairs if pair]
    if not known or len(known) < len(pairs):
        return None
    return sum(low for low, _ in known), sum(high for _, high in known)


def _estimated(value: float, bounds: Bounds | None, shown: Callable[[float], str]) -> str:
    """`about 18 s`; `2 to 19 min` where the bounds are far apart."""
    if bounds is None or bounds[1] <= WIDE * bounds[0]:
        return about(value, shown)
    low, high = bounds
    if low <= NOTHING * high:
        return f"up to {shown(_rounded(high, shown))}"
    most = shown(_rounded(high, shown))
    return f"{_in_unit(low, most.partition(' ')[2]) or shown(_rounded(low, shown))} to {most}"


def _in_unit(value: float, unit: str) -> str:
    """A figure without its unit; empty where it is next to nothing in that, or the unit is none (`h 12 min`)."""
    known = UNITS.get(unit)
    number = value / known if known else 0.0
    if round(number, 1) < LEAST_IN_UNIT:
        return ""
    return f"{_two_digits(number):.{0 if number >= WHOLE else 1}f}".removesuffix(".0")


def _rounded(value: float, shown: Callable[[float], str]) -> float:
    """Two significant digits, of minutes where these are shown."""
    unit = UNITS["min"] if shown is duration and value >= 2 * UNITS["min"] else 1.0
    return _two_digits(value / unit) * unit


def _two_digits(value: float) -> float:
    return float(f"{value:.2g}")
