from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from dockerlint.lint.catalogue.basis import Basis
from dockerlint.lint.engine.file_report import FileReport, Priced
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Saving, Severity
from dockerlint.lint.engine.rule import Rule
from dockerlint.lint.report import sarif
from dockerlint.lint.report.render import ReportOptions, render
from dockerlint.lint.syntax.parser import parse
from dockerlint.lint.syntax.span import Edit, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = Path(__file__).parents[4] / "shared" / "sarif" / "sarif-schema-2.1.0.json"
TEXT = "FROM debian\nRUN make\nRUN make\n"


def nothing(doc: object, facts: object) -> Iterator[Finding]:
    return iter(())


def priced(start: int, end: int, code: str = "DF101", worth: float = 0, fix: Fix | None = None) -> Priced:
    documentation = "Short.\n\nBecause of\nthat.\n\n```dockerfile bad\nFROM a\n```"
    rule = Rule(code, "a-name", Severity.WARNING, (), True, nothing, lambda: documentation)
    saving = Saving(0, worth, Basis.HEURISTIC) if worth else None
    return Priced(Finding(Span(start, end), "message \udcff", fix, code), rule, Severity.ERROR, saving)


def run(*items: Priced, path: str = "Dockerfile", text: str = TEXT, unread: tuple[str, ...] = ()) -> dict[str, Any]:
    log = json.loads(render("sarif", [FileReport(path, parse(text), items)], ReportOptions(unread=unread)))
    (found,) = log["runs"]
    assert isinstance(found, dict)
    return found


def fix(safety: Applicability) -> Fix:
    return Fix("mend", (Edit(Span(5, 11), "alpine"), Edit(Span(12, 12), "# new\n"), Edit(Span(12, 15), "")), safety)


@pytest.mark.skipif(not SCHEMA.exists(), reason="the schema is not at hand")
def test_the_log_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "MOST_RESULTS", 3)
    validator = jsonschema.Draft7Validator(
        json.loads(SCHEMA.read_text(encoding="utf8")), format_checker=jsonschema.FormatChecker()
    )
    items = (priced(0, 4), priced(5, 11, "DF401", 3, fix(Applicability.UNSAFE)), priced(0, 0, "XX1"), priced(12, 16))
    for path in ("Dockerfile", "a b/ü#%.Dockerfile", "../up/Dockerfile", "/abs/Dockerfile", "x\udcff/Dockerfile"):
        report = FileReport(path, parse(TEXT), items)
        log = json.loads(
            render("sarif", [report, FileReport("clean", parse(TEXT), ())], ReportOptions(unread=("no such file",)))
        )
        validator.validate(log)
    validator.validate(json.loads(render("sarif", [], ReportOptions())))


def test_results_point_to_their_rules_and_places() -> None:
    found = run(priced(5, 11, "DF401"), priced(12, 20))
    rules = found["tool"]["driver"]["rules"]
    assert [item["id"] for item in rules] == ["DF101", "DF401"]
    assert [rules[item["ruleIndex"]]["id"] for item in found["results"]] == ["DF401", "DF101"]
    assert found["results"][0]["level"] == "error"
    assert found["results"][0]["message"]["text"] == "message \ufffd"
    where = found["results"][1]["locations"][0]["physicalLocation"]
    assert where["region"] == {"startLine": 2, "startColumn": 1, "endLine": 2, "endColumn": 9}
    assert where["artifactLocation"] == {"uri": "Dockerfile", "uriBaseId": "%SRCROOT%"}
    assert found["columnKind"] == "unicodeCodePoints"
    assert found["originalUriBaseIds"]["%SRCROOT%"]["uri"] == Path.cwd().as_uri() + "/"


def test_rules_carry_what_code_scanning_shows() -> None:
    cache, security = run(priced(0, 4), priced(5, 11, "DF401"))["tool"]["driver"]["rules"]
    assert cache["shortDescription"]["text"] == "Short."
    assert cache["fullDescription"]["text"] == "Because of that."
    assert "```dockerfile" in cache["help"]["markdown"]
    assert cache["defaultConfiguration"]["level"] == "warning"
    assert "security-severity" not in cache["properties"]
    assert float(security["properties"]["security-severity"]) >= 7
    assert "security" in security["properties"]["tags"]


@pytest.mark.parametrize(
    ("path", "uri", "is_relative"),
    [
        ("a b/ü#%.Dockerfile", "a%20b/%C3%BC%23%25.Dockerfile", True),
        ("./Dockerfile", "Dockerfile", True),
        ("/abs/Dockerfile", "file:///abs/Dockerfile", False),
        (str(Path.cwd() / "x" / "Dockerfile"), "x/Dockerfile", True),
    ],
)
def test_places_of_files(path: str, uri: str, is_relative: bool) -> None:
    where = run(priced(0, 4), path=path)["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert where["uri"] == uri
    assert ("uriBaseId" in where) is is_relative


def test_fixes_are_replacements_unless_they_are_only_for_show() -> None:
    safe, unsafe, shown = (run(priced(0, 4, fix=fix(safety)))["results"][0] for safety in reversed(Applicability))
    (change,) = safe["fixes"][0]["artifactChanges"]
    assert change["replacements"] == [
        {
            "deletedRegion": {"startLine": 1, "startColumn": 6, "endLine": 1, "endColumn": 12},
            "insertedContent": {"text": "alpine"},
        },
        {
            "deletedRegion": {"startLine": 2, "startColumn": 1, "endLine": 2, "endColumn": 1},
            "insertedContent": {"text": "# new\n"},
        },
        {"deletedRegion": {"startLine": 2, "startColumn": 1, "endLine": 2, "endColumn": 4}},
    ]
    assert safe["fixes"][0]["description"]["text"] == "mend"
    assert "check it" in unsafe["fixes"][0]["description"]["text"]
    assert "fixes" not in shown


def test_fingerprints_stay_when_lines_move_and_differ_for_twins() -> None:
    def names(text: str, *places: int) -> list[str]:
        results = run(*(priced(at, at + 8) for at in places), text=text)["results"]
        return [result["partialFingerprints"]["dlint/v1"] for result in results]

    before = names(TEXT, 12, 21)
    assert len(set(before)) == 2
    assert names("# more\n\n" + TEXT, 20, 29) == before
    assert names("FROM debian\nRUN   make\nRUN make\n", 23)[0] != before[1]


def test_past_the_limit_the_worst_and_most_valuable_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "MOST_RESULTS", 2)
    found = run(priced(0, 4, worth=1), priced(5, 11, worth=9), priced(12, 15, worth=5))
    assert [item["properties"]["saving"]["rebuild_seconds"] for item in found["results"]] == [9, 5]
    (note,) = found["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"].startswith("1 results are left out")


def test_files_that_could_not_be_read_are_told() -> None:
    found = run(unread=("a: no such file or folder",))
    assert found["invocations"][0]["executionSuccessful"] is False
    assert found["results"] == []


def test_long_texts_are_cut() -> None:
    long = Priced(Finding(Span(0, 1), "x" * 5000, code="DF101"), priced(0, 1).rule, Severity.INFO)
    assert len(run(long)["results"][0]["message"]["text"]) == 1024


def test_a_long_message_leaves_room_for_what_it_saves() -> None:
    long = Priced(Finding(Span(0, 1), "x" * 5000, code="DF101"), priced(0, 1).rule, Severity.INFO, Saving(5e6, 0, Basis.INDEXED))
    text = run(long)["results"][0]["message"]["text"]
    assert len(text) == 1024
    assert text.endswith("… (saves about 5.0 MB)")
