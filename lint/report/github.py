"""Workflow commands: annotations in GitHub's view of a change. It shows ten a step, so the most valuable come first.

Source: docs.github.com, "Workflow commands for GitHub Actions".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .escaping import clean, visible
from .places import place
from .saving_text import told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dockerlint.lint.engine.file_report import FileReport, Priced

    from .render import ReportOptions

COMMANDS = {"error": "error", "warning": "warning", "info": "notice", "style": "notice"}


def render(reports: Sequence[FileReport], options: ReportOptions) -> str:  # noqa: ARG001 - every format takes the same
    """One command a finding."""
    pairs = [(report, item) for report in reports for item in report.by_worth]
    pairs.sort(key=lambda pair: pair[1].severity.rank)
    return "".join(_command(report, item) for report, item in pairs)


def _command(report: FileReport, item: Priced) -> str:
    at = place(report.doc, item.finding.span)
    properties = {"file": report.path, "line": at.line, "endLine": at.end_line}
    if at.line == at.end_line:  # columns over several lines are refused
        properties |= {"col": at.column, "endColumn": at.end_column}
    properties["title"] = f"{item.finding.code} {item.rule.name}"
    listed = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    return f"::{COMMANDS[item.severity.value]} {listed}::{_data(told(item.finding.message, item.saving))}\n"


def _data(text: str) -> str:
    lines = (visible(line).replace("%", "%25") for line in clean(text).split("\n"))
    return "%0A".join(lines)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
