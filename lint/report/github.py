"""Workflow commands: annotations in GitHub's view of a change. It shows ten a step, so the worst come first, and of these the most valuable.

Source: docs.github.com, "Workflow commands for GitHub Actions".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .escaping import clean, visible
from .places import place
from .saving_text import told
from .text import also, rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dockerlint.lint.engine.file_report import FileReport, FindingGroup
    from dockerlint.lint.engine.findings import Saving

    from .render import ReportOptions

COMMANDS = {"error": "error", "warning": "warning", "info": "notice", "style": "notice"}


def render(reports: Sequence[FileReport], options: ReportOptions) -> str:  # noqa: ARG001 - every format takes the same
    """One command a problem."""
    pairs = [(report, group, saving) for report in reports for group, saving in rows(report)]
    pairs.sort(key=lambda pair: pair[1].severity.rank)
    return "".join(_command(*pair) for pair in pairs)


def _command(report: FileReport, group: FindingGroup, saving: Saving | None) -> str:
    item = group.first
    at = place(report.doc, item.finding.span)
    properties = {"file": report.path, "line": at.line, "endLine": at.end_line}
    if at.line == at.end_line:  # columns over several lines are refused
        properties |= {"col": at.column, "endColumn": at.end_column}
    properties["title"] = f"{item.finding.code} {item.rule.name}"
    others = also(report, group)
    message = told(item.finding.message, saving) + (f"; {others}" if others else "")
    listed = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items())
    return f"::{COMMANDS[group.severity.value]} {listed}::{_data(message)}\n"


def _data(text: str) -> str:
    lines = (visible(line).replace("%", "%25") for line in clean(text).split("\n"))
    return "%0A".join(lines)


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
