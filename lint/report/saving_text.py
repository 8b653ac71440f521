"""Savings in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Saving

if TYPE_CHECKING:
    from collections.abc import Iterable

LEAST_BYTES = 10_000
LEAST_SECONDS = 0.1


def size(count: float) -> str:
    """Bytes with a decimal prefix, as docker shows them."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= factor * 0.9995:
            value = count / factor
            return f"{value:.0f} {unit}" if value >= 10 else f"{value:.1f} {unit}"
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
    """`saves 228 MB, 43 s a rebuild (heuristic)`; empty when there is nothing worth saying."""
    if saving is None:
        return ""
    gains, losses = parts(saving), parts(Saving(-saving.image_bytes, -saving.rebuild_seconds, saving.basis))
    said = [f"saves {', '.join(gains)}"] if gains else []
    said += [f"costs {', '.join(losses)}"] if losses else []
    return f"{', '.join(said)} ({saving.basis.value})" if said else ""


def in_brackets(saving: Saving | None) -> str:
    """`(saves 228 MB, 43 s a rebuild, heuristic)`; empty when there is nothing worth saying."""
    words = phrase(saving)
    return f"({words.replace(' (', ', ').removesuffix(')')})" if words else ""


def told(message: str, saving: Saving | None) -> str:
    """A message that says what mending it saves, for formats whose readers show nothing else."""
    return f"{message} {in_brackets(saving)}".rstrip() if saving else message


def parts(saving: Saving) -> list[str]:
    """The gains of a saving, those that are worth saying."""
    said = []
    if saving.image_bytes >= LEAST_BYTES:
        said.append(size(saving.image_bytes))
    if saving.rebuild_seconds >= LEAST_SECONDS:
        said.append(f"{duration(saving.rebuild_seconds)} a rebuild")
    return said


def total(savings: Iterable[Saving | None]) -> Saving | None:
    """Savings of fixes that leave each other alone, together."""
    known = [saving for saving in savings if saving]
    if not known:
        return None
    basis = max((saving.basis for saving in known), key=list(type(known[0].basis)).index)
    return Saving(sum(item.image_bytes for item in known), sum(item.rebuild_seconds for item in known), basis)
