"""What fixes did to a file, or would do, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import LEAST_BYTES

from .escaping import visible
from .saving_text import about, counted, duration, in_brackets, parts, size, total
from .wrapping import indented

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dockerlint.lint.engine.file_report import FileReport, Fixed


def changes(report: FileReport, verb: str, *, are_findings_shown: bool = False, room: int | None = None) -> Iterator[str]:
    """What the fixes did to one file, or would do (`verb` says which), why and what that saves; then what is left, and why.

    Where the findings are shown too, they say why something is left. `room` are the columns of the terminal.
    """
    refused = () if are_findings_shown else report.refused
    if not (report.fixed or report.left or refused):
        return
    head = f"{visible(report.path)}: {verb} {counted(len(report.fixed), 'finding') if report.fixed else 'nothing'}"
    yield from indented(0, ", ".join([head, *gains(report)]), room)
    for item in sorted(report.fixed, key=lambda item: item.line):
        yield from indented(1, _change(item), room)
        yield from indented(2, visible(item.message), room)
    if report.settled:
        yield from indented(1, f"gone with these: {', '.join(_places(report.settled))}", room)
    if report.left:
        yield from indented(1, "left for --unsafe-fixes:", room)
    for item in report.left:
        yield from indented(2, _change(item), room)
        yield from indented(3, "" if are_findings_shown else visible(item.message), room)
    if refused:
        yield from indented(1, "no fix:", room)
    for item in refused:
        yield from indented(2, f"line {item.line}: {item.code} {visible(item.message)}", room)


def _change(item: Fixed) -> str:
    return f"line {item.line}: {item.code} {visible(item.title)} {in_brackets(item.saving)}".rstrip()


def _places(found: Iterable[tuple[str, int]]) -> Iterator[str]:
    """`DF202 (lines 8, 9)`, by code."""
    lines: dict[str, list[int]] = {}
    for code, line in found:
        lines.setdefault(code, []).append(line)
    for code, numbers in sorted(lines.items()):
        every = sorted(set(numbers))
        yield f"{code} ({'line' if len(every) == 1 else 'lines'} {', '.join(map(str, every))})"


def gains(report: FileReport) -> list[str]:
    """`image about 28 MB smaller, of 1.2 GB`, `build after a source edit about 43 s -> 0.5 s`; what stays is not told."""
    gain, worth = report.gain, total(item.saving for item in report.fixed)
    found = []
    if gain and gain.image:
        found.append(smaller("image", *gain.image))
    if gain and gain.edit:
        before, after = (about(seconds, duration) for seconds in gain.edit)
        if before != after:
            found.append(f"build after a source edit {before} -> {after.removeprefix('about ')}")
    if any(found):
        return [words for words in found if words]
    return [f"saves {' and '.join(parts(worth))}"] if worth and parts(worth) else []


def smaller(name: str, before: float, after: float) -> str:
    """`image about 28 MB smaller, of 1.2 GB`; empty for what is next to nothing."""
    if abs(before - after) < LEAST_BYTES:
        return ""
    return f"{name} {about(abs(before - after), size)} {'smaller' if after < before else 'larger'}, of {size(before)}"
