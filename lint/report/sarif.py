"""SARIF 2.1.0, made for code scanning.

Sources: OASIS SARIF 2.1.0; docs.github.com, "SARIF support for code scanning" (lengths) and "SARIF results exceed one
or more limits" (25,000 results and rules a run, of which the 5,000 most severe are shown; 20 tags a rule).
"""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import sarif_om as om

from dockerlint.lint.engine.findings import Applicability
from dockerlint.lint.engine.fingerprint import fingerprints
from dockerlint.lint.storage.lazy_regex import regex

from .escaping import as_json, clean, is_clean, visible
from .json_ import saving_object
from .places import Place, place
from .saving_text import in_brackets

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dockerlint.lint.engine.file_report import FileReport, Priced
    from dockerlint.lint.engine.findings import Fix, Severity
    from dockerlint.lint.engine.rule import Rule

    from .render import ReportOptions

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
ROOT = "%SRCROOT%"
FINGERPRINT = "dlint/v1"
MOST_RESULTS = 25_000
LONGEST_TEXT = 1024
LONGEST_NAME = 255

LEVELS = {"error": "error", "warning": "warning", "info": "note", "style": "note"}
# GitHub's bands: over 9 critical, 7 high, 4 medium, 0.1 low.
SECURITY_SEVERITY = {"error": "8.0", "warning": "5.5", "info": "2.0", "style": "1.0"}
TAGS = {
    "DF1": ("performance", "build-cache"),
    "DF2": ("performance", "image-size"),
    "DF3": ("maintainability", "stages"),
    "DF4": ("security",),
    "DF5": ("reliability", "reproducibility"),
    "DF6": ("correctness",),
    "DF7": ("style",),
    **dict.fromkeys(("SC1", "SC2", "SC3"), ("shellcheck",)),
}
FENCE = regex(r"^```.*$\n?", re.MULTILINE)


def render(reports: Sequence[FileReport], options: ReportOptions) -> str:
    """One run. Past GitHub's limit the least severe and valuable results are left out, which a notification says."""
    entries = [(report, item, name) for report in reports for item, name in _named(report)]
    left_out = len(entries) - MOST_RESULTS
    if left_out > 0:
        entries.sort(key=lambda entry: (entry[1].severity.rank, -entry[1].worth))
        del entries[MOST_RESULTS:]
    rules = {item.finding.code: (item.rule, item.severity) for _, item, _ in entries}
    index = {code: number for number, code in enumerate(sorted(rules))}
    driver = om.ToolComponent(
        name="dlint", version=version("dockerlint"), rules=[_rule(*rules[code]) for code in sorted(rules)]
    )
    notes = [_notification("error", sentence) for sentence in options.unread]
    if left_out > 0:
        notes.append(_notification("warning", f"{left_out} results are left out: code scanning takes {MOST_RESULTS}"))
    run = om.Run(
        tool=om.Tool(driver=driver),
        results=[_result(report, item, name, index) for report, item, name in entries],
        column_kind="unicodeCodePoints",
        original_uri_base_ids={ROOT: om.ArtifactLocation(uri=Path.cwd().as_uri() + "/")},
        invocations=[
            om.Invocation(execution_successful=not options.unread, tool_execution_notifications=notes or None)
        ],
    )
    log = om.SarifLog(version="2.1.0", schema_uri=SCHEMA, runs=[run])
    return as_json(_plain(log), 1) + "\n"


def _plain(value: Any) -> Any:
    """sarif_om's objects as JSON's: its attributes carry the schema's names; what has its default is left out.

    But a level is always said: not every reader knows the default.
    """
    if hasattr(value, "__attrs_attrs__"):
        pairs = ((field, getattr(value, field.name)) for field in value.__attrs_attrs__)
        said = ((field, item) for field, item in pairs if item != field.default or field.name == "level")
        return {field.metadata["schema_property_name"]: _plain(item) for field, item in said}
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return clean(value) if isinstance(value, str) else value


def _named(report: FileReport) -> Iterator[tuple[Priced, str]]:
    return zip(report.items, fingerprints(report.doc, (item.finding for item in report.items)), strict=True)


def _rule(rule: Rule, severity: Severity) -> om.ReportingDescriptor:
    paragraphs = [part for part in FENCE.sub("", rule.documentation).split("\n\n") if part.strip()]
    why = paragraphs[1] if len(paragraphs) > 1 else rule.summary
    tags = TAGS.get(rule.code[:3], ("hadolint",) if rule.hadolint else ())
    properties: dict[str, Any] = {"tags": list(tags), "precision": "high"}
    if "security" in tags:
        properties["security-severity"] = SECURITY_SEVERITY[severity.value]
    return om.ReportingDescriptor(
        id=rule.code,
        name=rule.name[:LONGEST_NAME],
        short_description=om.MultiformatMessageString(text=_cut(rule.summary)),
        full_description=om.MultiformatMessageString(text=_cut(" ".join(why.split()))),
        help=om.MultiformatMessageString(text=rule.documentation, markdown=rule.documentation),
        default_configuration=om.ReportingConfiguration(level=LEVELS[rule.severity.value]),
        properties=properties,
    )


def _result(report: FileReport, item: Priced, name: str, index: dict[str, int]) -> om.Result:
    location = om.PhysicalLocation(
        artifact_location=_artifact(report.path), region=_region(place(report.doc, item.finding.span))
    )
    saving = saving_object(item.saving)
    return om.Result(
        rule_id=item.finding.code,
        rule_index=index[item.finding.code],
        level=LEVELS[item.severity.value],
        message=om.Message(text=_message(item)),
        locations=[om.Location(physical_location=location)],
        partial_fingerprints={FINGERPRINT: name},
        fixes=_fixes(report, item.finding.fix),
        related_locations=[_related(report, other, number) for number, other in enumerate(report.related(item))] or None,
        properties={"saving": saving} if saving else None,
    )


def _related(report: FileReport, other: Priced, number: int) -> om.Location:
    """Where another rule finds the same cause."""
    location = om.PhysicalLocation(artifact_location=_artifact(report.path), region=_region(place(report.doc, other.finding.span)))
    words = f"also {other.finding.code}: {other.finding.message}"
    return om.Location(id=number, physical_location=location, message=om.Message(text=_shown(words)))


def _message(item: Priced) -> str:
    """What was found, then the saving, as code scanning shows no properties; a long message makes room for it."""
    end = f" {in_brackets(item.saving)}".rstrip()
    return _shown(item.finding.message, LONGEST_TEXT - len(end)) + end


def _fixes(report: FileReport, fix: Fix | None) -> list[om.Fix] | None:
    """The fix as replacements, if it may be applied at all and holds only what JSON can."""
    if fix is None or fix.applicability is Applicability.DISPLAY or not is_clean(edit.text for edit in fix.edits):
        return None
    doubt = "" if fix.applicability is Applicability.SAFE else " (check it: this may change what happens)"
    replacements = [
        om.Replacement(
            deleted_region=_region(place(report.doc, edit.span)),
            inserted_content=om.ArtifactContent(text=edit.text) if edit.text else None,
        )
        for edit in fix.edits
    ]
    change = om.ArtifactChange(artifact_location=_artifact(report.path), replacements=replacements)
    return [om.Fix(description=om.Message(text=_shown(fix.title + doubt)), artifact_changes=[change])]


def _region(at: Place) -> om.Region:
    return om.Region(start_line=at.line, start_column=at.column, end_line=at.end_line, end_column=at.end_column)


def _artifact(path: str) -> om.ArtifactLocation:
    """A file below the current folder relative to it; else as a whole URI."""
    given = PurePath(path)
    below = PurePath(given.relative_to(Path.cwd())) if given.is_relative_to(Path.cwd()) else given
    if below.is_absolute() or ".." in below.parts:
        return om.ArtifactLocation(uri=Path(path).resolve().as_uri())
    return om.ArtifactLocation(uri=quote(below.as_posix(), errors="surrogateescape"), uri_base_id=ROOT)


def _notification(level: str, text: str) -> om.Notification:
    return om.Notification(level=level, message=om.Message(text=_shown(text)))


def _shown(text: str, most: int = LONGEST_TEXT) -> str:
    """A message: what a file has in it becomes neither a control character of a page nor a link (SARIF 3.11.6)."""
    return _cut("\n".join(visible(line) for line in clean(text).split("\n")).replace("](", "]\\("), most)


def _cut(text: str, most: int = LONGEST_TEXT) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
