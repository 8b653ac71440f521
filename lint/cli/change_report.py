"""What changes, as text, as a comment in Markdown, and for programs."""

from __future__ import annotations

import json as json_module
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from dockerlint.lint.report.escaping import as_json, clean, visible
from dockerlint.lint.report.markdown import plain
from dockerlint.lint.report.places import place
from dockerlint.lint.report.render import ReportOptions, render
from dockerlint.lint.report.saving_text import phrase
from dockerlint.lint.report.text import also, mark, rows

from .change_comparison import totals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dockerlint.lint.engine.file_report import FileReport, FindingGroup
    from dockerlint.lint.engine.findings import Saving

    from .change_comparison import ComparedFigure, FileChange

FORMATS = ("text", "markdown", "json")
RED, GREEN, BOLD, PLAIN = "\x1b[31m", "\x1b[32m", "\x1b[1m", "\x1b[0m"
# By this line a program finds the comment that it made before.
MARKER = "<!-- dlint diff -->"
# In characters: GitHub takes 65,536 of them in a comment.
ROOM_FILES, ROOM_FINDINGS, ROOM_COSTS = 15_000, 25_000, 15_000
# Characters of a commit's number: those shown, and the fewest by which it is named.
ID_SHOWN, ID_NAMED = 12, 7
# What a comment tells of each file at once.
HEADLINES = ("image", "source edit", "expected build")


class ChangeReport(Struct, frozen=True):
    """All that is shown: the names of both sides, their commits (None for the work tree), what changes, how a path is told."""

    base: str
    base_id: str
    head: str
    head_id: str | None
    changes: Sequence[FileChange]
    shown: Callable[[str], str]

    def path(self, change: FileChange) -> str:
        """The path of a file, that of the side after it where it is still there."""
        return self.shown(change.pair.after or change.pair.before or "")

    def origin(self, change: FileChange) -> str:
        """What happened to the file as a whole: empty where it was there before under the same name."""
        if change.pair.status == "renamed":
            return f"renamed from {self.shown(change.pair.before or '')}"
        return "" if change.pair.status == "modified" else change.pair.status

    @property
    def sides(self) -> str:
        """What is compared with what."""
        return f"{_commit(self.base, self.base_id)} -> {_commit(self.head, self.head_id)}"


def _commit(name: str, number: str | None) -> str:
    """A side by its name, with its commit where the name is another one."""
    if number is None:
        return name
    is_number = len(name) >= ID_NAMED and number.startswith(name)
    return number[:ID_SHOWN] if is_number else f"{name} ({number[:ID_SHOWN]})"


def text(found: ChangeReport, *, colour: bool = False) -> str:
    """For people: findings that come (`+`) and go (`-`), and the figures that become others."""

    def paint(words: str, style: str) -> str:
        return f"{style}{words}{PLAIN}" if colour else words

    lines = []
    for change in found.changes:
        origin = found.origin(change)
        lines.append(paint(visible(found.path(change) + (f" ({origin})" if origin else "")), BOLD))
        for sign, report, style in (("+", change.added, RED), ("-", change.removed, GREEN)):
            lines += [paint(f"  {sign} {_line(report, *row)}", style) for row in (rows(report) if report else ())]
        lines += [_row(item) for item in change.figures if item.is_other]
    lines += [visible(found.sides), summary(found)]
    return "\n".join(lines) + "\n"


def markdown(found: ChangeReport) -> str:
    """A comment: what sums up, a row a file, and what is folded away: findings, and the costs of each file."""
    blocks = [MARKER, f"**dlint**: {_plain(summary(found))}"]
    if found.changes:
        files = [_file_row(found, change) for change in found.changes]
        if len(files) > 1:
            files.append(_cells("**all**", "", *(_headlines(totals(found.changes)))))
        head = _table("file", "findings", "image", "after a source edit", "expected build")
        blocks.append("\n".join([*head, *_fitting(files, ROOM_FILES, "file")]))
    rows = [row for change in found.changes for row in _finding_rows(change)]
    if rows:
        head = _table("", "place", "level", "code", "finding", "saving")
        blocks += _folded("Findings", [*head, *_fitting(rows, ROOM_FINDINGS, "finding")])
    costs = [_costs(found, change) for change in found.changes if any(item.is_other for item in change.figures)]
    if costs:
        blocks += _folded("Costs", _fitting(costs, ROOM_COSTS, "file"))
    blocks.append(_plain(found.sides))
    return "\n\n".join(blocks) + "\n"


def json(found: ChangeReport) -> str:
    """`{"base", "head", "files", "total"}`; amounts and findings are those of `dlint cost` and `dlint check`."""
    data = {
        "base": found.base_id,
        "head": found.head_id,
        "files": [
            {
                "file": clean(found.path(change)),
                "before": clean(found.shown(change.pair.before)) if change.pair.before is not None else None,
                "status": change.pair.status,
                "added": _findings(change.added),
                "removed": _findings(change.removed),
                "cost": _cost(change.figures),
            }
            for change in found.changes
        ],
        "total": _cost(totals(found.changes)),
    }
    return as_json(data, 1) + "\n"


def summary(found: ChangeReport) -> str:
    """How many findings come and go, and what becomes of all costs together."""
    come = sum(len(change.added.items) for change in found.changes if change.added)
    go = sum(len(change.removed.items) for change in found.changes if change.removed)
    findings = f"{_count(come, 'finding')} added, {go} removed" if come or go else "no findings added or removed"
    gains = [
        f"{item.name} {_words(item, item.before)} -> {_words(item, item.after)}"
        for item in totals(found.changes)
        if item.name in HEADLINES and item.is_other and _words(item, item.before) != _words(item, item.after)
    ]
    return "; ".join([findings, ", ".join(gains) or "no change of costs"])


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _line(report: FileReport | None, group: FindingGroup, saving: Saving | None) -> str:
    assert report
    finding = group.first.finding
    at = place(report.doc, finding.span)
    more = "; ".join(filter(None, (phrase(saving), also(report, group))))
    words = (
        f"{at.line}:{at.column}: {finding.code}",
        f"{group.severity.value}: {visible(finding.message)}",
        mark(group.remedy),
        more and f"({more})",
    )
    return " ".join(word for word in words if word)


def _row(item: ComparedFigure) -> str:
    return f"  {item.name:<20}{_words(item, item.before):>16}  -> {_words(item, item.after):<16}{_change(item):>10}".rstrip()


def _words(item: ComparedFigure, amount: Any) -> str:
    """An amount as `dlint cost` shows it; a dash where there is no file."""
    from dockerlint.fixers.cost import cost_report as report

    if amount is None:
        return "-"
    return report.size(amount) if item.is_bytes else report.duration(amount)


def _change(item: ComparedFigure) -> str:
    """By how much, with its sign; empty where that is not known."""
    from dockerlint.fixers.cost import cost_report as report

    if item.change is None or not item.is_other:
        return ""
    shown = report.short_size if item.is_bytes else report.short_duration
    return f"{'+' if item.change > 0 else '-'}{shown(abs(item.change))}"


def _plain(words: str) -> str:
    """Text that Markdown shows as it is, and that calls nobody and points to no issue."""
    return plain(words).replace("\\@", "@<!-- -->").replace("\\#", "#<!-- -->")


def _cells(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _table(*titles: str) -> list[str]:
    return [_cells(*titles), "|" + "---|" * len(titles)]


def _folded(title: str, lines: Sequence[str]) -> list[str]:
    return [f"<details>\n<summary>{title}</summary>", "\n".join(lines), "</details>"]


def _fitting(pieces: Sequence[str], room: int, noun: str) -> list[str]:
    """As many pieces as there is room for, and how many more there are."""
    kept: list[str] = []
    for at, piece in enumerate(pieces):
        room -= len(piece) + 1
        if room < 0:
            return [*kept, "", f"{_count(len(pieces) - at, noun)} more: no room for them here"]
        kept.append(piece)
    return kept


def _file_row(found: ChangeReport, change: FileChange) -> str:
    origin = found.origin(change)
    name = _plain(found.path(change)) + (f" ({_plain(origin)})" if origin else "")
    counts = [
        f"{sign}{len(report.items)}"
        for sign, report in (("+", change.added), ("\N{MINUS SIGN}", change.removed))
        if report and report.items
    ]
    return _cells(name, " ".join(counts), *_headlines(change.figures))


def _headlines(figures: Sequence[ComparedFigure]) -> Iterator[str]:
    known = {item.name: item for item in figures}
    for name in HEADLINES:
        yield _told(known[name]) if name in known else ""


def _told(item: ComparedFigure) -> str:
    before, after, change = _words(item, item.before), _words(item, item.after), _change(item)
    if not item.is_other:
        return _plain(after)
    return _plain(f"{before} -> {after}") + (f" ({_plain(change)})" if change else "")


def _finding_rows(change: FileChange) -> Iterator[str]:
    for sign, report in (("added", change.added), ("removed", change.removed)):
        for group, saving in rows(report) if report else ():
            assert report
            finding = group.first.finding
            at = place(report.doc, finding.span)
            where = f"{_plain(report.path)}:{at.line}:{at.column}"
            message = f"{_plain(finding.message)} {_plain(mark(group.remedy))}".rstrip()
            codes = ", ".join(filter(None, (finding.code, also(report, group))))
            yield _cells(sign, where, group.severity.value, codes, message, phrase(saving))


def _costs(found: ChangeReport, change: FileChange) -> str:
    rows = [
        _cells(item.name, _plain(_words(item, item.before)), _plain(_words(item, item.after)), _plain(_change(item)))
        for item in change.figures
    ]
    return "\n".join(["", f"**{_plain(found.path(change))}**", "", *_table("", "before", "after", "change"), *rows])


def _findings(report: FileReport | None) -> Any:
    return json_module.loads(render("json", [replace(report, fixed=())], ReportOptions())) if report else []


def _cost(figures: Sequence[ComparedFigure]) -> dict[str, Any]:
    return {
        item.name: {
            "unit": "bytes" if item.is_bytes else "seconds",
            "before": item.before.as_json() if item.before else None,
            "after": item.after.as_json() if item.after else None,
            "change": item.change,
        }
        for item in figures
    }
