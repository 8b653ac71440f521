"""JUnit's XML: a suite a file, a failed case a finding; a file without findings is one case that passes."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from .escaping import clean, visible
from .places import place
from .saving_text import told

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dockerlint.lint.engine.file_report import FileReport, Priced

    from .render import ReportOptions


def render(reports: Sequence[FileReport], options: ReportOptions) -> str:  # noqa: ARG001 - every format takes the same
    """All files."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<testsuites name="dlint">']
    lines += [line for report in reports for line in _suite(report)]
    return "\n".join([*lines, "</testsuites>"]) + "\n"


def _suite(report: FileReport) -> Iterator[str]:
    path = _attribute(report.path)
    count = len(report.items)
    yield f'  <testsuite name={path} tests="{max(1, count)}" failures="{count}" errors="0">'
    if not report.items:
        yield f'    <testcase name="dlint" classname={path}/>'
    for item in report.items:
        yield from _case(report, item)
    yield "  </testsuite>"


def _case(report: FileReport, item: Priced) -> Iterator[str]:
    at = place(report.doc, item.finding.span)
    name = _attribute(f"{item.finding.code} {item.rule.name} at {at.line}:{at.column}")
    message = told(item.finding.message, item.saving)
    where = f"{report.path}:{at.line}:{at.column}: {message}"
    yield f"    <testcase name={name} classname={_attribute(report.path)}>"
    yield (
        f'      <failure type="{item.severity.value}" message={_attribute(message)}>'
        f"{escape(visible(clean(where)))}</failure>"
    )
    yield "    </testcase>"


def _attribute(text: str) -> str:
    return quoteattr(visible(clean(text)))
