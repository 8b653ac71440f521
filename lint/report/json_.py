"""A list of findings, a superset of hadolint's objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .escaping import as_json, clean, is_clean
from .places import line_and_column, place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dockerlint.lint.engine.file_report import FileReport, Priced
    from dockerlint.lint.engine.findings import Fix, Saving

    from .render import ReportOptions


def stream(reports: Iterable[FileReport], options: ReportOptions) -> Iterator[str]:  # noqa: ARG001 - every format takes the same
    """All findings in the order of files and places."""
    before = "[\n"
    for report in reports:
        for item in report.items:
            yield before + as_json(_row(report, item))
            before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def saving_object(saving: Saving | None) -> dict[str, Any] | None:
    """A saving as machines get it: whole bytes, seconds to the hundredth."""
    if saving is None:
        return None
    return {
        "image_bytes": round(saving.image_bytes),
        "rebuild_seconds": round(saving.rebuild_seconds, 2),
        "basis": saving.basis.value,
    }


def _row(report: FileReport, item: Priced) -> dict[str, Any]:
    finding = item.finding
    return {
        "file": clean(report.path),
        **place(report.doc, finding.span)._asdict(),
        "level": item.severity.value,
        "code": finding.code,
        "name": item.rule.name,
        "aliases": list(item.rule.aliases),
        "message": clean(finding.message),
        "fix": _fix(report, finding.fix),
        "saving": saving_object(item.saving),
        **_relations(report, item),
    }


def _relations(report: FileReport, item: Priced) -> dict[str, Any]:
    """The other findings of the same cause, and whether this one tells it for all of them."""
    rows = []
    for other in report.related(item):
        line, column = line_and_column(report.doc, other.finding.span.start)
        rows.append({"code": other.finding.code, "line": line, "column": column})
    return {"primary": report.is_primary(item), "related": rows}


def _fix(report: FileReport, fix: Fix | None) -> dict[str, Any] | None:
    """The fix, or None also when it holds bytes that JSON cannot."""
    if fix is None or not is_clean(edit.text for edit in fix.edits):
        return None
    edits = [{**place(report.doc, edit.span)._asdict(), "text": edit.text} for edit in fix.edits]
    return {"title": clean(fix.title), "applicability": fix.applicability.name.lower(), "edits": edits}
