"""SonarQube's generic issues, with the rules that they refer to.

Source: docs.sonarsource.com, "Generic formatted issues": lines from 1, columns from 0, no empty ranges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .escaping import as_json, clean, visible
from .places import place
from .saving_text import told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dockerlint.lint.engine.file_report import FileReport, Priced
    from dockerlint.lint.engine.rule import Rule

    from .render import ReportOptions

IMPACTS = {"error": "HIGH", "warning": "MEDIUM", "info": "LOW", "style": "LOW"}
QUALITIES = {"DF4": "SECURITY", "DF6": "RELIABILITY"}
ATTRIBUTES = {"SECURITY": "TRUSTWORTHY", "RELIABILITY": "LOGICAL", "MAINTAINABILITY": "CONVENTIONAL"}


def render(reports: Sequence[FileReport], options: ReportOptions) -> str:  # noqa: ARG001 - every format takes the same
    """One object with `rules` and `issues`."""
    rules = {item.finding.code: item for report in reports for item in report.items}
    issues = [_issue(report, item) for report in reports for item in report.items]
    log = {"rules": [_rule(rules[code].rule, rules[code]) for code in sorted(rules)], "issues": issues}
    return as_json(log, 1) + "\n"


def _rule(rule: Rule, item: Priced) -> dict[str, Any]:
    quality = QUALITIES.get(rule.code[:3], "MAINTAINABILITY")
    return {
        "id": rule.code,
        "name": rule.name,
        "description": rule.summary,
        "engineId": "dlint",
        "cleanCodeAttribute": ATTRIBUTES[quality],
        "impacts": [{"softwareQuality": quality, "severity": IMPACTS[item.severity.value]}],
    }


def _issue(report: FileReport, item: Priced) -> dict[str, Any]:
    at = place(report.doc, item.finding.span)
    area = {"startLine": at.line, "endLine": at.end_line}
    if (at.line, at.column) != (at.end_line, at.end_column):
        area |= {"startColumn": at.column - 1, "endColumn": at.end_column - 1}
    message = visible(clean(told(item.finding.message, item.saving)))
    where = {"message": message, "filePath": clean(report.path), "textRange": area}
    return {"ruleId": item.finding.code, "primaryLocation": where}
