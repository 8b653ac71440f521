"""Figures of a scan for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .totals import Totals


def megabytes(value: float) -> str:
    """Bytes in MB, in GB where there are many."""
    if value >= 1e11:
        return f"{value / 1e9:,.0f} GB"
    return f"{value / 1e6:,.1f} MB" if value < 1e8 else f"{value / 1e6:,.0f} MB"


def time(seconds: float) -> str:
    """Seconds, in minutes or hours where there are many."""
    if seconds >= 36_000:
        return f"{seconds / 3600:,.0f} h"
    return f"{seconds:,.1f} s" if seconds < 100 else f"{seconds / 60:,.1f} min"


def share_of(part: float, whole: float, of: str) -> str:
    """A part of a whole in percent; nothing to say of nothing."""
    return f"{part / whole:.0%} of {of}" if whole > 0 else ""


def summary(found: Totals, most: int) -> list[str]:
    """The scan in a few lines."""
    from dockerlint.lint.report.escaping import visible

    from .totals import failed, ranked

    stake = found.stake
    size = f"{megabytes(stake.image_bytes)} of images{_in_brackets(share_of(stake.image_bytes, found.images, 'all'))}"
    seconds = f"{time(stake.seconds)} for one build of each file{_in_brackets(share_of(stake.seconds, found.builds, 'all'))}"
    repositories = _many(len(found.by_repository), "repository", "repositories")
    lines = [
        f"{_many(found.files, 'file')} in {repositories}, {_many(found.findings, 'finding')}",
        f"at stake: {size}, {seconds}",
    ]
    if found.unread:
        lines.append(f"not looked at: {found.unread:,} ({failed(found.reasons)})")
    for title, shares in (("rule", found.rules), ("repository", found.by_repository), ("base image", found.by_base)):
        rows = ranked(shares, most)
        if rows:
            lines += ["", f"{'MB':>12} {'seconds':>10}  by {title}"]
            lines += [
                f"{share.image_bytes / 1e6:>12,.1f} {share.seconds:>10,.1f}  {visible(name)}"
                for name, share in rows
            ]
    return lines


def _many(count: int, one: str, more: str = "") -> str:
    return f"{count:,} {one if count == 1 else more or one + 's'}"


def _in_brackets(words: str) -> str:
    return f" ({words})" if words else ""
