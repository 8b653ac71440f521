"""For people: colour and excerpts on a terminal, one line a problem when piped."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from dockerlint.lint.engine.file_report import Heading
from dockerlint.lint.engine.findings import Applicability, Severity

from .escaping import visible, width
from .excerpt import excerpt
from .places import line_and_column
from .saving_text import counted, in_brackets, parts, phrase, total
from .wrapping import INDENT, indented

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dockerlint.lint.engine.file_report import FileReport, FindingGroup, Priced
    from dockerlint.lint.engine.findings import Saving

    from .render import ReportOptions

COLOURS = {Severity.ERROR: "31;1", Severity.WARNING: "33;1", Severity.INFO: "36;1", Severity.STYLE: "34;1"}
BOLD, DIM, GREEN, TITLE = "1", "2", "32", "1;4"
HEADINGS = {Heading.URGENT: "Errors and security", Heading.COSTLY: "Size and build time", Heading.OTHER: "Everything else"}
# What a level asks of who reads it.
LEVELS = {
    Severity.ERROR: "the build or the container fails, or a secret leaks",
    Severity.WARNING: "fix it today",
    Severity.INFO: "worth a look",
    Severity.STYLE: "a matter of taste",
}
# How much two savings may differ that are of the same bytes.
SAME = 0.01
MARKS = {Applicability.SAFE: "[*]", Applicability.UNSAFE: "[?]"}
MEANINGS = {
    Applicability.SAFE: "[*] safe fix: dlint --fix",
    Applicability.UNSAFE: "[?] fix that may change what the image does: dlint --fix --unsafe-fixes",
}


class Sums(Struct):
    """What the last lines tell of all files."""

    files: int = 0
    causes: int = 0
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
        groups = report.groups
        self.files += 1
        self.causes += len(groups)
        self.levels.update(item.severity for item in report.items)
        remedies = (group.remedy for group in groups)
        self.fixes.update(item.finding.fix.applicability for item in remedies if item and item.finding.fix)
        self.worth = total((self.worth, *report.together))


def stream(reports: Iterable[FileReport], options: ReportOptions) -> Iterator[str]:
    """A row a problem, the most urgent first within a file, then what sums up and explains the signs."""
    sums = Sums()
    if options.statistics:
        reports = list(reports)
        yield "".join(f"{line}\n" for line in _statistics(reports))
    for report in reports:
        sums.add(report)
        if not options.statistics:
            yield "".join(f"{line}\n" for line in _rows(report, options))
    if sums.files and not options.quiet:
        yield "".join(f"{line}\n" for line in _end(sums, options))


def rows(report: FileReport) -> Iterator[tuple[FindingGroup, Saving | None]]:
    """The findings by their causes, the most urgent first, each with what its remedy saves.

    Bytes that another remedy at the same place saves as well are told once.
    """
    told: list[Priced] = []
    for group in report.groups:
        saving, remedy = group.saving, group.remedy
        if saving is not None and remedy is not None:
            if any(_saves_the_same(remedy, other) for other in told):
                saving = replace(saving, image_bytes=0.0)
            told.append(remedy)
        yield group, saving


def also(report: FileReport, group: FindingGroup) -> str:
    """`also DF202, DL3009 (line 7)`: the codes of the other findings; empty where there are none."""
    own, *lines = (report.doc.line(item.finding.span.start) for item in group.every)
    pairs = zip((item.finding.code for item in group.others), lines, strict=True)
    codes = dict.fromkeys(code if line == own else f"{code} (line {line})" for code, line in pairs)
    return f"also {', '.join(codes)}" if codes else ""


def _rows(report: FileReport, options: ReportOptions) -> Iterator[str]:
    found = list(rows(report))
    if not options.excerpts:
        yield from (_plain(report, *row, options) for row in found)
        return
    are_many = len({group.heading for group, _ in found}) > 1
    above = None
    for group, saving in found:
        if are_many and group.heading is not above:
            yield from (_paint(HEADINGS[group.heading], TITLE, options), "")
        above = group.heading
        yield from _on_terminal(report, group, saving, options)


def _saves_the_same(item: Priced, other: Priced) -> bool:
    if item.saving is None or other.saving is None or item.reach is None or other.reach is None:
        return False
    size, same = item.saving.image_bytes, other.saving.image_bytes
    return size > 0 and abs(size - same) <= SAME * same and item.reach.overlaps(other.reach)


def _end(sums: Sums, options: ReportOptions) -> Iterator[str]:
    """What sums up, where the figures are from, and what the signs mean."""
    yield from _wrapped(summary(sums), 0, options, BOLD)
    if options.rebuild is not None and sums.worth and parts(sums.worth):
        yield from _wrapped(options.rebuild(), 0, options, DIM)
    levels = [f"{level.value}: {LEVELS[level]}" for level in Severity if sums.levels[level]]
    if options.excerpts and len(levels) > 1:
        yield from _wrapped("; ".join(levels), 0, options, DIM)
    signs = [MEANINGS[kind] for kind in MEANINGS if sums.fixes[kind]]
    yield from _wrapped("; ".join(signs), 0, options, DIM)


def summary(sums: Sums) -> str:
    """How many findings there are, how bad, how many of them can be fixed, and what all of that is worth."""
    count = sums.levels.total()
    if not count:
        return f"no findings in {counted(sums.files, 'file')}"
    by_level = ", ".join(_level_count(sums.levels[level], level) for level in Severity if sums.levels[level])
    said = f"{counted(count, 'finding')} ({by_level})"
    if sums.causes < count:
        said += f" of {counted(sums.causes, 'problem')}"
    safe, unsafe = sums.fixes[Applicability.SAFE], sums.fixes[Applicability.UNSAFE]
    if safe:
        said += f", {safe} fixable with --fix"
    if unsafe:
        said += f", {unsafe}{' more' if safe else ' fixable'} with --unsafe-fixes"
    if sums.worth and (gains := parts(sums.worth)):
        said += f"; all fixes together save {' and '.join(gains)}, or more"
    return said


def mark(item: Priced | None) -> str:
    """`[*]` for what `--fix` mends, `[?]` for what needs `--unsafe-fixes` too, empty for the rest."""
    return MARKS.get(item.finding.fix.applicability, "") if item and item.finding.fix else ""


def _plain(report: FileReport, group: FindingGroup, saving: Saving | None, options: ReportOptions) -> str:
    finding = group.first.finding
    line, column = line_and_column(report.doc, finding.span.start)
    head = f"{visible(report.path)}:{line}:{column}: {_paint(finding.code, COLOURS[group.severity], options)}"
    message = f"{group.severity.value}: {visible(finding.message)}"
    more = "; ".join(filter(None, (phrase(saving), also(report, group))))
    return " ".join(word for word in (head, message, mark(group.remedy), more and f"({more})") if word)


def _on_terminal(report: FileReport, group: FindingGroup, saving: Saving | None, options: ReportOptions) -> Iterator[str]:
    finding = group.first.finding
    line, column = line_and_column(report.doc, finding.span.start)
    colour = COLOURS[group.severity]
    yield from _head(group, f"{visible(report.path)}:{line}:{column}", options)
    yield from _wrapped(visible(finding.message), 1, options)
    shown = excerpt(report.doc, finding.span, options.width)
    gutter = _paint(f"{shown.number} |", DIM, options), _paint(" " * len(shown.number) + " |", DIM, options)
    yield f"{INDENT}{gutter[0]} {shown.before}{_paint(shown.marked, colour, options)}{shown.after}"
    yield f"{INDENT}{gutter[1]} {' ' * shown.indent}{_paint(shown.underline, colour, options)}"
    yield from _wrapped(_advice(group), 1, options)
    yield from _wrapped(phrase(saving), 1, options, GREEN)
    yield from _wrapped(also(report, group), 1, options, DIM)
    yield ""


def _advice(group: FindingGroup) -> str:
    """The fix that is advised, with its sign; one that is shown only has none."""
    remedy, shown = group.remedy, group.first.finding.fix
    if remedy and remedy.finding.fix:
        of = "" if remedy is group.first else f" ({remedy.finding.code})"
        return f"{mark(remedy)} fix{of}: {visible(remedy.finding.fix.title)}"
    return f"fix by hand: {visible(shown.title)}" if shown else ""


def _head(group: FindingGroup, where: str, options: ReportOptions) -> Iterator[str]:
    """Code, level and name, then the place: on a line of its own where there is no room."""
    code, name = group.first.finding.code, group.first.rule.name
    words = [f"{code} {group.severity.value}", "" if name == code else name, mark(group.remedy)]
    room = options.width - len(" ".join(word for word in words if word)) - 1
    words[0] = _paint(words[0], COLOURS[group.severity], options)
    place = _paint(where, BOLD, options)
    yield " ".join(word for word in (*words, place if width(where) <= room else "") if word)
    if width(where) > room:
        yield INDENT + place


def _wrapped(text: str, level: int, options: ReportOptions, style: str = "") -> Iterator[str]:
    """A text in lines that are as wide as the terminal; in one line where there is none."""
    indent = INDENT * level
    for line in indented(level, text, options.width if options.excerpts else None):
        yield indent + _paint(line.removeprefix(indent), style, options) if style else line


def _statistics(reports: Iterable[FileReport]) -> Iterator[str]:
    items = [item for report in reports for item in report.items]
    rules = {item.finding.code: item.rule for item in items}
    counts = Counter(item.finding.code for item in items)
    for code, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        worth = in_brackets(total(item.saving for item in items if item.finding.code == code))
        words = (f"{count:6}", f"{code:8}", rules[code].name, worth)
        yield "  ".join(word for word in words if word)


def _level_count(number: int, severity: Severity) -> str:
    countable = severity in (Severity.ERROR, Severity.WARNING)
    return counted(number, severity.value) if countable else f"{number} {severity.value}"


def _paint(text: str, style: str, options: ReportOptions) -> str:
    return f"\x1b[{style}m{text}\x1b[0m" if options.colour and text else text
