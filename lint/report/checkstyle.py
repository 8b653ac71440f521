"""Checkstyle's XML, which most build servers read."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

from .escaping import clean, visible
from .places import place
from .saving_text import told

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dockerlint.lint.engine.file_report import FileReport

    from .render import ReportOptions

LEVELS = {"error": "error", "warning": "warning", "info": "info", "style": "info"}


def render(reports: Sequence[FileReport], options: ReportOptions) -> str:  # noqa: ARG001 - every format takes the same
    """One `file` a file, one `error` a finding."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<checkstyle version="8.0">']
    lines += [line for report in reports for line in _file(report)]
    return "\n".join([*lines, "</checkstyle>"]) + "\n"


def _file(report: FileReport) -> Iterator[str]:
    yield f"  <file name={_attribute(report.path)}>"
    for item in report.items:
        at = place(report.doc, item.finding.span)
        yield (
            f'    <error line="{at.line}" column="{at.column}" severity="{LEVELS[item.severity.value]}"'
            f" message={_attribute(told(item.finding.message, item.saving))}"
            f" source={_attribute('dlint.' + item.finding.code)}/>"
        )
    yield "  </file>"


def _attribute(text: str) -> str:
    # control characters have no place in XML, not even as references
    return quoteattr(visible(clean(text)))
