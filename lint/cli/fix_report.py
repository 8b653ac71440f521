"""What is said of a file's fixes: those that were made, those that are left, and why there are no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from dockerlint.fixers.line_origins import LineOrigins
from dockerlint.lint.engine.file_report import Fixed
from dockerlint.lint.engine.findings import Applicability
from dockerlint.lint.storage.lazy_regex import regex

if TYPE_CHECKING:
    from dockerlint.fixers.loop import FixOutcome
    from dockerlint.lint.engine.file_report import FileReport, FindingGroup

# How a message says that there is no fix, and why.
REFUSED = regex(r"\bno fix\b[:,] ")


def with_rest(report: FileReport, outcome: FixOutcome, *, is_diff: bool) -> FileReport:
    """The report with what else is to be said: lines are those of the file that the reader has, for a diff as it was."""
    origins = outcome.origins if is_diff else LineOrigins.of(report.doc.text)
    groups = report.groups
    return replace(
        report,
        settled=tuple((item.code, item.line) for item in outcome.settled) if report.fixed else (),
        left=tuple(_row(report, group, origins) for group in groups if _applicability(group) is Applicability.UNSAFE),
        refused=tuple(_row(report, group, origins) for group in groups if not group.remedy and REFUSED.search(group.first.finding.message)),
    )


def _applicability(group: FindingGroup) -> Applicability | None:
    return group.remedy.finding.fix.applicability if group.remedy and group.remedy.finding.fix else None


def _row(report: FileReport, group: FindingGroup, origins: LineOrigins) -> Fixed:
    """What is left for a reader to do: by the finding whose fix it is, else by the one that tells the problem."""
    item = group.remedy or group.first
    line = origins.line(report.doc.line(item.finding.span.start))
    title = item.finding.fix.title if item.finding.fix else ""
    return Fixed(item.finding.code, title, line, origins.named(item.finding.message), item.saving)
