"""reviewdog's diagnostics, with what would mend them as suggestions.

Source: reviewdog's `proto/rdf/reviewdog.proto`: lines and columns from 1, columns in bytes of UTF-8, ends exclusive.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dockerlint.lint.engine.findings import Applicability
from dockerlint.lint.syntax.span import Span

from .escaping import as_json, clean, is_clean, visible
from .places import BOM
from .saving_text import told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dockerlint.lint.engine.file_report import FileReport, Priced
    from dockerlint.lint.engine.findings import Fix
    from dockerlint.lint.syntax.lines import Lines

    from .render import ReportOptions

SEVERITIES = {"error": "ERROR", "warning": "WARNING", "info": "INFO", "style": "INFO"}


def render(reports: Sequence[FileReport], options: ReportOptions) -> str:  # noqa: ARG001 - every format takes the same
    """One object with all diagnostics."""
    diagnostics = [_diagnostic(report, item) for report in reports for item in report.items]
    log = {"source": {"name": "dlint"}, "diagnostics": diagnostics}
    return as_json(log, 1) + "\n"


def _diagnostic(report: FileReport, item: Priced) -> dict[str, Any]:
    return {
        "message": visible(clean(told(item.finding.message, item.saving))),
        "location": {"path": clean(report.path), "range": _range(report.doc, item.finding.span)},
        "severity": SEVERITIES[item.severity.value],
        "code": {"value": item.finding.code},
        "suggestions": _suggestions(report.doc, item.finding.fix),
    }


def _suggestions(doc: Lines, fix: Fix | None) -> list[dict[str, Any]]:
    """One replacement from the first edit to the last: reviewdog takes several as alternatives."""
    if fix is None or not fix.edits or fix.applicability is Applicability.DISPLAY:
        return []
    edits = sorted(fix.edits, key=lambda edit: edit.span)
    whole = Span(edits[0].span.start, max(edit.span.end for edit in edits))
    parts, at = [], whole.start
    for edit in edits:
        parts += [doc.source(Span(at, edit.span.start)), edit.text]
        at = edit.span.end
    if not is_clean(parts):
        return []
    return [{"range": _range(doc, whole), "text": "".join(parts)}]


def _range(doc: Lines, span: Span) -> dict[str, Any]:
    return {"start": _position(doc, span.start), "end": _position(doc, span.end)}


def _position(doc: Lines, offset: int) -> dict[str, int]:
    line, column = doc.position(offset)
    before = doc.source(Span(offset - column + 1, offset))
    if line == 1:
        before = before.removeprefix(BOM)
    return {"line": line, "column": len(before.encode("utf-8", "surrogateescape")) + 1}
