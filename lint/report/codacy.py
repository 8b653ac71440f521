"""One JSON object a line with what Codacy reads of a tool's result: file name, line, message, pattern."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .escaping import as_json, clean, visible
from .places import place
from .saving_text import told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dockerlint.lint.engine.file_report import FileReport, Priced

    from .render import ReportOptions


def render(reports: Sequence[FileReport], options: ReportOptions) -> str:  # noqa: ARG001 - every format takes the same
    """One line a finding, in the order of files and places."""
    return "".join(_line(report, item) for report in reports for item in report.items)


def _line(report: FileReport, item: Priced) -> str:
    result = {
        "filename": clean(report.path),
        "line": place(report.doc, item.finding.span).line,
        "message": visible(clean(told(item.finding.message, item.saving))),
        "patternId": item.finding.code,
    }
    return as_json(result) + "\n"
