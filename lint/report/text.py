"""For people: colour and excerpts on a terminal, one line a finding when piped."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from dockerlint.lint.engine.findings import Applicability, Severity

from .escaping import visible
from .excerpt import excerpt
from .places import line_and_column
from .saving_text import LEAST_SECONDS, duration, in_brackets, parts, phrase, size, total

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dockerlint.lint.engine.file_report import FileReport, Gain, Priced
    from dockerlint.lint.engine.findings import Saving

    from .render import ReportOptions

COLOURS = {Severity.ERROR: "31;1", Severity.WARNING: "33;1", Severity.INFO: "36;1", Severity.STYLE: "34;1"}
BOLD, DIM, GREEN = "1", "2", "32"
# How much two savings may differ that are of the same bytes.
SAME = 0.01
MARKS = {Applicability.SAFE: "[*]", Applicability.UNSAFE: "[?]"}


class Sums(Struct):
    """What the last line tells of all files."""

    files: int = 0
    levels: Counter[Severity] = field(default_factory=Counter)
    fixes: Counter[Applicability] = field(default_factory=Counter)
    worth: Saving | None = None

    @classmethod
    def of(cls, reports: Iterable[FileReport]) -> Sums:
        """Those of some files."""
        sums = cls()
        for report in reports:
            sums.add(report)
        return sums

    def add(self, report: FileReport) -> None:
        """Takes a file in."""
        self.files += 1
        self.levels.update(item.severity for item in report.items)
        self.fixes.update(item.finding.fix.applicability for item in report.items if item.finding.fix)
        self.worth = total((self.worth, *(item.saving for item in report.independent)))


def stream(reports: Iterable[FileReport], options: ReportOptions) -> Iterator[str]:
    """Findings, the most valuable first within a file, then a line that sums up."""
    sums = Sums()
    if options.statistics:
        reports = list(reports)
        yield "".join(f"{line}\n" for line in _statistics(reports))
    show = _on_terminal if options.excerpts else _plain
    for report in reports:
        sums.add(report)
        if not options.statistics:
            yield "".join(f"{line}\n" for item in _told_once(report) for line in show(report, item, options))
    if sums.files and not options.quiet:
        yield _paint(summary(sums, options.rebuild), BOLD, options) + "\n"


def _told_once(report: FileReport) -> Iterator[Priced]:
    """The findings by their worth; bytes that another fix of the same place saves as well are told of the first one alone."""
    told: list[Priced] = []
    for item in report.by_worth:
        saving = item.saving
        if saving is None:
            yield item
            continue
        again = any(_saves_the_same(item, other) for other in told)
        told.append(item)
        yield replace(item, saving=replace(saving, image_bytes=0.0)) if again else item


def _saves_the_same(item: Priced, other: Priced) -> bool:
    if item.saving is None or other.saving is None or item.reach is None or other.reach is None:
        return False
    size, same = item.saving.image_bytes, other.saving.image_bytes
    return size > 0 and abs(size - same) <= SAME * same and item.reach.overlaps(other.reach)


def changes(report: FileReport, verb: str) -> Iterator[str]:
    """What the fixes did to one file, or would do (`verb` says which), why, what that saves, and which fixes are left."""
    left = [item for item in report.by_worth if item.finding.fix and item.finding.fix.applicability is Applicability.UNSAFE]
    if not report.fixed and not left:
        return
    path = visible(report.path)
    worth = total(item.saving for item in report.fixed)
    gains = list(_gains(report.gain)) or (parts(worth) and [f"worth about {' and '.join(parts(worth))}"] if worth else [])
    yield ", ".join([f"{path}: {verb} {_count(len(report.fixed), 'finding') if report.fixed else 'nothing'}", *gains])
    for item in report.fixed:
        yield f"  line {item.line}: {_change(item.code, item.title, item.saving)}"
        yield f"    {visible(item.message)}"
    if left:
        yield "  left for --unsafe-fixes:"
    for found in left:
        assert found.finding.fix
        line, _ = line_and_column(report.doc, found.finding.span.start)
        yield f"    line {line}: {_change(found.finding.code, found.finding.fix.title, found.saving)}"


def _change(code: str, title: str, saving: Saving | None) -> str:
    worth = phrase(saving)
    return f"{code} {visible(title)}{f': {worth}' if worth else ''}"


def _megabytes(count: float) -> str:
    """Two sizes are told apart where gigabytes would hide it."""
    return f"{count / 1e6:,.0f} MB" if count >= 1e7 else size(count)


def _gains(gain: Gain | None) -> Iterator[str]:
    """`image 1,210 MB -> 950 MB`, `build after a source edit 43 s -> 0.5 s`; what does not change is not told."""
    for name, pair, words in (
        ("image", gain and gain.image, _megabytes),
        ("build after a source edit", gain and gain.edit, duration),
    ):
        if pair and words(pair[0]) != words(pair[1]):
            yield f"{name} {words(pair[0])} -> {words(pair[1])}"


def summary(sums: Sums, rebuild: Callable[[], str] | None = None) -> str:
    """How many findings there are, how bad, how many of them can be fixed, and what all of that is worth.

    `rebuild` says what an average rebuild is; it is asked where seconds are told.
    """
    count = sums.levels.total()
    if not count:
        return f"no findings in {_count(sums.files, 'file')}"
    by_level = ", ".join(_level_count(sums.levels[level], level) for level in Severity if sums.levels[level])
    said = f"{_count(count, 'finding')} ({by_level})"
    safe, unsafe = sums.fixes[Applicability.SAFE], sums.fixes[Applicability.UNSAFE]
    if safe:
        said += f", {safe} fixable with --fix"
    if unsafe:
        said += f", {unsafe}{' more' if safe else ' fixable'} with --unsafe-fixes"
    if sums.worth and (gains := parts(sums.worth)):
        said += f"; worth about {' and '.join(gains)}"
        if rebuild is not None and sums.worth.rebuild_seconds >= LEAST_SECONDS:
            said += f" ({rebuild()})"
    return said


def mark(item: Priced) -> str:
    """`[*]` for what `--fix` mends, `[?]` for what needs `--unsafe-fixes` too, empty for the rest."""
    return MARKS.get(item.finding.fix.applicability, "") if item.finding.fix else ""


def _plain(report: FileReport, item: Priced, options: ReportOptions) -> Iterator[str]:
    line, column = line_and_column(report.doc, item.finding.span.start)
    head = f"{visible(report.path)}:{line}:{column}: {_paint(item.finding.code, COLOURS[item.severity], options)}"
    message = f"{item.severity.value}: {visible(item.finding.message)}"
    yield " ".join(word for word in (head, message, mark(item), in_brackets(item.saving)) if word)


def _on_terminal(report: FileReport, item: Priced, options: ReportOptions) -> Iterator[str]:
    line, column = line_and_column(report.doc, item.finding.span.start)
    colour = COLOURS[item.severity]
    head = _paint(f"{item.finding.code} {item.severity.value}", colour, options)
    name = item.rule.name if item.rule.name != item.finding.code else ""
    where = _paint(f"{visible(report.path)}:{line}:{column}", BOLD, options)
    yield " ".join(word for word in (head, name, mark(item), where) if word)
    yield f"  {visible(item.finding.message)}"
    shown = excerpt(report.doc, item.finding.span, options.width)
    gutter = _paint(f"{shown.number} |", DIM, options), _paint(" " * len(shown.number) + " |", DIM, options)
    yield f"  {gutter[0]} {shown.before}{_paint(shown.marked, colour, options)}{shown.after}"
    yield f"  {gutter[1]} {' ' * shown.indent}{_paint(shown.underline, colour, options)}"
    if item.finding.fix:
        yield f"  fix: {visible(item.finding.fix.title)}"
    if saving := phrase(item.saving):
        yield f"  {_paint(saving, GREEN, options)}"
    yield ""


def _statistics(reports: Iterable[FileReport]) -> Iterator[str]:
    items = [item for report in reports for item in report.items]
    rules = {item.finding.code: item.rule for item in items}
    counts = Counter(item.finding.code for item in items)
    for code, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        worth = in_brackets(total(item.saving for item in items if item.finding.code == code))
        words = (f"{count:6}", f"{code:8}", rules[code].name, worth)
        yield "  ".join(word for word in words if word)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _level_count(number: int, severity: Severity) -> str:
    countable = severity in (Severity.ERROR, Severity.WARNING)
    return _count(number, severity.value) if countable else f"{number} {severity.value}"


def _paint(text: str, style: str, options: ReportOptions) -> str:
    return f"\x1b[{style}m{text}\x1b[0m" if options.colour and text else text
