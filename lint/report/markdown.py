"""A table for the comment of a merge request or the summary of a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.storage.lazy_regex import regex

from .escaping import clean, visible
from .places import place
from .saving_text import phrase
from .text import Sums, also, mark, rows, summary

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dockerlint.lint.engine.file_report import FileReport

    from .render import ReportOptions

ACTIVE = regex(r"([\\`*_{}\[\]<>()#+!|~&@:])")


def render(reports: Sequence[FileReport], options: ReportOptions) -> str:  # noqa: ARG001 - every format takes the same
    """What sums up, then a table of the problems, the most urgent first within a file."""
    lines = [f"**dlint**: {summary(Sums.of(reports))}"]
    found = [row for report in reports for row in _rows(report)]
    if found:
        lines += ["", "| place | level | code | finding | saving |", "|---|---|---|---|---|", *found]
    return "\n".join(lines) + "\n"


def _rows(report: FileReport) -> Iterator[str]:
    for group, saving in rows(report):
        finding = group.first.finding
        at = place(report.doc, finding.span)
        where = f"{plain(report.path)}:{at.line}:{at.column}"
        message = f"{plain(finding.message)} {plain(mark(group.remedy))}".rstrip()
        code = ", ".join(filter(None, (finding.code, also(report, group))))
        yield f"| {where} | {group.severity.value} | {plain(code)} | {message} | {phrase(saving)} |"


def plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    return ACTIVE.sub(r"\\\1", visible(clean(text)))
