"""`file:line:column: level: message [code]`, as editors read it; see "Formatting Error Messages" in GNU's standards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .escaping import visible
from .places import place
from .saving_text import told

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dockerlint.lint.engine.file_report import FileReport, Priced

    from .render import ReportOptions

LEVELS = {"error": "error", "warning": "warning", "info": "note", "style": "note"}


def stream(reports: Iterable[FileReport], options: ReportOptions) -> Iterator[str]:  # noqa: ARG001 - every format takes the same
    """One line a finding, in the order of files and places."""
    for report in reports:
        yield "".join(_line(report, item) for item in report.items)


def _line(report: FileReport, item: Priced) -> str:
    at = place(report.doc, item.finding.span)
    where = f"{visible(report.path)}:{at.line}:{at.column}"
    message = visible(told(item.finding.message, item.saving))
    return f"{where}: {LEVELS[item.severity.value]}: {message} [{item.finding.code}]\n"
