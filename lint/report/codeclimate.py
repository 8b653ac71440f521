"""Code Climate's issues, and GitLab's code quality report, which is a list of them.

Source: the Code Climate engine specification ("Issues"); docs.gitlab.com, "Code Quality report format".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dockerlint.lint.engine.fingerprint import fingerprints

from .escaping import as_json, clean, visible
from .places import place
from .saving_text import told

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dockerlint.lint.engine.file_report import FileReport, Priced

    from .render import ReportOptions

SEVERITIES = {"error": "critical", "warning": "major", "info": "minor", "style": "info"}
CATEGORIES = {"DF1": "Performance", "DF2": "Performance", "DF4": "Security", "DF6": "Bug Risk", "DF7": "Style"}
END_OF_ISSUE = "\0"


def render(reports: Sequence[FileReport], options: ReportOptions) -> str:
    """A list for GitLab; issues that each end with a NUL for Code Climate."""
    if options.format == "codeclimate":
        whole = (issue | _more(item) for report in reports for item, issue in _issues(report))
        return "".join(as_json(issue) + END_OF_ISSUE for issue in whole)
    issues = [issue for report in reports for _, issue in _issues(report)]
    return as_json(issues, 1) + "\n"


def _issues(report: FileReport) -> Iterator[tuple[Priced, dict[str, Any]]]:
    names = fingerprints(report.doc, (item.finding for item in report.items))
    for item, name in zip(report.items, names, strict=True):
        at = place(report.doc, item.finding.span)
        yield (
            item,
            {
                "check_name": item.finding.code,
                "description": visible(clean(told(item.finding.message, item.saving))),
                "location": {
                    "path": clean(report.path),
                    "lines": {"begin": at.line, "end": at.end_line},
                    "positions": {
                        "begin": {"line": at.line, "column": at.column},
                        "end": {"line": at.end_line, "column": at.end_column},
                    },
                },
                "severity": SEVERITIES[item.severity.value],
                "fingerprint": f"{clean(report.path)}:{name}",
            },
        )


def _more(item: Priced) -> dict[str, Any]:
    """What Code Climate wants beside that which GitLab reads."""
    return {
        "type": "issue",
        "categories": [CATEGORIES.get(item.finding.code[:3], "Clarity")],
        "content": {"body": clean(item.rule.documentation)},
    }
