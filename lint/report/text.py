"""For people: colour and excerpts on a terminal, one line a problem when piped."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from dockerlint.lint.engine.file_report import Heading
from dockerlint.lint.engine.findings import Applicability, Severity

from .escaping import visible, width
from .excerpt import excerpt
from .places import line_and_column
from .saving_text import duration, in_brackets, parts, phrase, size, total

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dockerlint.lint.engine.file_report import FileReport, FindingGroup, Gain, Priced
    from dockerlint.lint.engine.findings import Saving

    from .render import ReportOptions

COLOURS = {Severity.ERROR: "31;1", Severity.WARNING: "33;1", Severity.INFO: "36;1", Severity.STYLE: "34;1"}
BOLD, DIM, GREEN, TITLE = "1", "2", "32", "1;4"
INDENT = "  "
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
        self.worth = total((self.worth, *(item.saving for item in report.independent)))


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


def _end(sums: Sums, options: ReportOptions) -> Iterator[str]:
    """What sums up, where the figures are from, and what the signs mean."""
    yield from _wrapped(summary(sums), "", options, BOLD)
    if options.rebuild is not None and sums.worth and parts(sums.worth):
        yield from _wrapped(options.rebuild(), "", options, DIM)
    levels = [f"{level.value}: {LEVELS[level]}" for level in Severity if sums.levels[level]]
    if options.excerpts and len(levels) > 1:
        yield from _wrapped("; ".join(levels), "", options, DIM)
    signs = [MEANINGS[kind] for kind in MEANINGS if sums.fixes[kind]]
    yield from _wrapped("; ".join(signs), "", options, DIM)


def summary(sums: Sums) -> str:
    """How many findings there are, how bad, how many of them can be fixed, and what all of that is worth."""
    count = sums.levels.total()
    if not count:
        return f"no findings in {_count(sums.files, 'file')}"
    by_level = ", ".join(_level_count(sums.levels[level], level) for level in Severity if sums.levels[level])
    said = f"{_count(count, 'finding')} ({by_level})"
    if sums.causes < count:
        said += f" of {_count(sums.causes, 'problem')}"
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
    yield from _wrapped(visible(finding.message), INDENT, options)
    shown = excerpt(report.doc, finding.span, options.width)
    gutter = _paint(f"{shown.number} |", DIM, options), _paint(" " * len(shown.number) + " |", DIM, options)
    yield f"{INDENT}{gutter[0]} {shown.before}{_paint(shown.marked, colour, options)}{shown.after}"
    yield f"{INDENT}{gutter[1]} {' ' * shown.indent}{_paint(shown.underline, colour, options)}"
    yield from _wrapped(_advice(group), INDENT, options)
    yield from _wrapped(phrase(saving), INDENT, options, GREEN)
    yield from _wrapped(also(report, group), INDENT, options, DIM)
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


def _wrapped(text: str, indent: str, options: ReportOptions, style: str = "") -> Iterator[str]:
    """A text in lines that are as wide as the terminal; in one line where there is none."""
    room = options.width - len(indent) if options.excerpts else None
    for line in wrapped(text, room) if text else ():
        yield indent + (_paint(line, style, options) if style else line)


def wrapped(text: str, room: int | None) -> list[str]:
    """The text in lines of at most so many columns, broken between words; None for no limit. A longer word is cut."""
    if room is None or width(text) <= room:
        return [text]
    lines: list[str] = []
    for word in chain.from_iterable(_cut(word, max(room, 1)) for word in text.split(" ")):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width(longer) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _cut(word: str, room: int) -> list[str]:
    """A word in pieces of at most so many columns."""
    pieces = [""]
    for char in word:
        if width(pieces[-1]) + width(char) > room and pieces[-1]:
            pieces.append("")
        pieces[-1] += char
    return pieces


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
