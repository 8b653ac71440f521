from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from msgspec.structs import replace

from dockerlint.lint.catalogue.basis import Basis
from dockerlint.lint.cli import main
from dockerlint.lint.engine.file_report import FileReport, Priced
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Saving, Severity
from dockerlint.lint.engine.rule import Rule
from dockerlint.lint.report.render import FORMATS, ReportOptions, render
from dockerlint.lint.syntax.parser import parse
from dockerlint.lint.syntax.span import Edit, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCHEMAS = Path(__file__).parents[2] / "data" / "schemas"
TEXT = "FROM debian\nRUN écho x && \\\n  make\n"
NASTY = 'say "no" & <b>, 100 %: a|b\r\n\x1b[31m \udcff `x`'


def nothing(doc: object, facts: object) -> Iterator[Finding]:
    return iter(())


def rule(code: str, severity: Severity = Severity.WARNING) -> Rule:
    return Rule(code, f"name-{code.lower()}", severity, ("Other",), True, nothing, lambda: "Summary.\n\nWhy.")


def report(path: str = "sub dir/Dockerfile") -> FileReport:
    start, end = TEXT.index("écho"), TEXT.index("make") + 4
    fix = Fix("mend it", (Edit(Span(start, start + 4), "echo"), Edit(Span(end, end), " -j")), Applicability.SAFE)
    first = Finding(Span(5, 11), NASTY, code="DF401")
    second = Finding(Span(start, end), "slow", fix, code="DF101")
    return FileReport(
        path,
        parse(TEXT),
        (
            Priced(first, rule("DF401"), Severity.ERROR),
            Priced(second, rule("DF101"), Severity.INFO, Saving(1e6, 2.344, Basis.INDEXED)),
        ),
    )


def made(name: str, *reports: FileReport) -> str:
    return render(name, reports or [report()], ReportOptions())


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_holds_any_text_and_no_finding(name: str) -> None:
    text = made(name, report('a "b" <c>\n\udcff/Dockerfile'))
    assert text.encode("utf-8")
    assert "\x1b" not in text
    assert made(name, FileReport("Dockerfile", parse(TEXT), ())).encode("utf-8") is not None


# What a reader of each format is shown of the first finding.
MESSAGES: dict[str, Callable[[str], Any]] = {
    "text": lambda text: text.splitlines()[0],
    "json": lambda text: json.loads(text)[0]["message"],
    "sarif": lambda text: json.loads(text)["runs"][0]["results"][0]["message"]["text"],
    "github": lambda text: text.splitlines()[0].split("::")[-1],
    "gitlab": lambda text: json.loads(text)[0]["description"],
    "checkstyle": lambda text: ET.fromstring(text.encode())[0][0].get("message"),  # noqa: S314 - our own text
    "junit": lambda text: ET.fromstring(text.encode()).findtext(".//failure"),  # noqa: S314 - our own text
    "sonarqube": lambda text: json.loads(text)["issues"][0]["primaryLocation"]["message"],
    "codeclimate": lambda text: json.loads(text.split("\0")[0])["description"],
    "codacy": lambda text: json.loads(text)["message"],
    "gnu": lambda text: text,
    "rdjson": lambda text: json.loads(text)["diagnostics"][0]["message"],
    "markdown": lambda text: text.splitlines()[-1],
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_says_what_a_finding_saves_unless_savings_are_not_wanted(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "Dockerfile").write_text("FROM debian:12\nRUN apt-get update && apt-get install -y curl\n")
    monkeypatch.chdir(tmp_path)

    def checked(*more: str) -> tuple[str, str]:
        main(["--select", "DL3009", "--shellcheck", "off", "--format", name, *more, "Dockerfile"])
        out = capsys.readouterr().out
        return out, MESSAGES[name](out)

    out, message = checked()
    assert ("19850000" in out) if name == "json" else ("saves about 20 MB" in message)
    without, plain = checked("--no-savings")
    assert not re.search("20 MB|19850000|saves|estimates", without)
    assert re.sub(r" ?\(saves about 20 MB\)|saves about 20 MB", "", message) == plain


def test_json_is_the_contracts_list() -> None:
    first, second = json.loads(made("json"))
    assert list(first) == (
        [
            "file",
            "line",
            "column",
            "end_line",
            "end_column",
            "level",
            "code",
            "name",
            "aliases",
            "message",
            "fix",
            "saving",
            "primary",
            "related",
        ]
    )
    assert first["fix"] is None
    assert first["saving"] is None
    assert second == {
        "file": "sub dir/Dockerfile",
        "line": 2,
        "column": 5,
        "end_line": 3,
        "end_column": 7,
        "level": "info",
        "code": "DF101",
        "name": "name-df101",
        "aliases": ["Other"],
        "message": "slow",
        "fix": {
            "title": "mend it",
            "applicability": "safe",
            "edits": [
                {"line": 2, "column": 5, "end_line": 2, "end_column": 9, "text": "echo"},
                {"line": 3, "column": 7, "end_line": 3, "end_column": 7, "text": " -j"},
            ],
        },
        "saving": {"image_bytes": 1000000, "rebuild_seconds": 2.34, "basis": "indexed"},
        "primary": True,
        "related": [],
    }
    assert json.loads(made("json", FileReport("Dockerfile", parse(TEXT), ()))) == []


def of_one_cause() -> FileReport:
    """A report with a third finding, which tells the cause that the second has too."""
    base = report()
    first, second = base.items
    third = Priced(Finding(Span(5, 11), "better told", code="DF103"), rule("DF103"), Severity.WARNING, cause=0)
    return replace(base, items=(first, replace(second, cause=0, rank=1), third))


def test_findings_of_one_cause_name_each_other_and_are_all_there() -> None:
    rows = json.loads(made("json", of_one_cause()))
    assert [(row["code"], row["level"], row["primary"], row["related"]) for row in rows] == [
        ("DF401", "error", True, []),
        ("DF101", "info", False, [{"code": "DF103", "line": 1, "column": 6}]),
        ("DF103", "warning", True, [{"code": "DF101", "line": 2, "column": 5}]),
    ]
    none, related, _ = json.loads(made("sarif", of_one_cause()))["runs"][0]["results"]
    assert "relatedLocations" not in none
    (location,) = related["relatedLocations"]
    assert location["message"]["text"] == "also DF103: better told"
    assert location["physicalLocation"]["region"]["startLine"] == 1


@pytest.mark.parametrize("name", FORMATS)
def test_only_what_people_read_tells_a_cause_once(name: str) -> None:
    text = made(name, of_one_cause())
    assert ("slow" in text) is (name not in {"text", "markdown", "github"})
    assert "better told" in text
    if "slow" not in text:
        assert "also DF101 (line 2)" in text.replace("\\", "")


def test_a_fix_that_json_cannot_hold_is_left_out() -> None:
    fix = Fix("mend it", (Edit(Span(0, 0), "\udcff"),), Applicability.SAFE)
    item = Priced(Finding(Span(0, 4), "slow", fix, code="DF101"), rule("DF101"), Severity.INFO)
    for name, key in (("json", "fix"), ("rdjson", "suggestions")):
        read = json.loads(made(name, FileReport("Dockerfile", parse(TEXT), (item,))))
        (row,) = read["diagnostics"] if name == "rdjson" else read
        assert not row[key]


def unescape(text: str) -> str:
    """As GitHub's runner reads a command's data."""
    return text.replace("%2C", ",").replace("%3A", ":").replace("%0A", "\n").replace("%25", "%")


def test_github_commands_are_read_back() -> None:
    lines = made("github", report("a,b:c%/Dockerfile")).splitlines()
    assert len(lines) == 2
    first, second = (re.fullmatch(r"::(\w+) ([^:]*)::(.*)", line) for line in lines)
    assert first
    assert second
    properties = dict(part.split("=", 1) for part in first[2].split(","))
    assert unescape(properties["file"]) == "a,b:c%/Dockerfile"
    assert (first[1], properties["line"], properties["col"], properties["endColumn"]) == ("error", "1", "6", "12")
    assert unescape(first[3]).startswith('say "no" & <b>, 100 %: a|b\\r\n\\x1b[31m')
    several = dict(part.split("=", 1) for part in second[2].split(","))
    assert (second[1], several["line"], several["endLine"]) == ("notice", "2", "3")
    assert "col" not in several


def test_codacy_is_an_object_a_line() -> None:
    rows = [json.loads(line) for line in made("codacy").splitlines()]
    assert rows
    for row in rows:
        assert set(row) == {"filename", "line", "message", "patternId"}
        assert isinstance(row["line"], int)
        assert row["line"] > 0
    assert {row["patternId"] for row in rows} == {item["code"] for item in json.loads(made("json"))}


def test_gnu_is_read_as_compilers_errors() -> None:
    lines = made("gnu").splitlines()
    found = [re.fullmatch(r"(.+?):(\d+):(\d+): (error|warning|note): (.*) \[(\w+)\]", line) for line in lines]
    assert [match and match.group(2, 3, 4, 6) for match in found] == [
        ("1", "6", "error", "DF401"),
        ("2", "5", "note", "DF101"),
    ]


def test_checkstyle_is_xml() -> None:
    top = ET.fromstring(made("checkstyle").encode())  # noqa: S314 - our own text
    (file,) = top
    assert (top.tag, file.get("name")) == ("checkstyle", "sub dir/Dockerfile")
    assert [(item.get("line"), item.get("severity"), item.get("source")) for item in file] == [
        ("1", "error", "dlint.DF401"),
        ("2", "info", "dlint.DF101"),
    ]
    assert str(file[0].get("message")).startswith('say "no" & <b>, 100 %: a|b')


def test_junit_is_xml_with_a_case_a_finding() -> None:
    top = ET.fromstring(made("junit", report(), FileReport("clean", parse(TEXT), ())).encode())  # noqa: S314 - our own text
    assert [(suite.get("tests"), suite.get("failures"), len(suite.findall("testcase/failure"))) for suite in top] == [
        ("2", "2", 2),
        ("1", "0", 0),
    ]


def test_gitlab_and_codeclimate() -> None:
    issues: list[dict[str, Any]] = json.loads(made("gitlab"))
    assert [issue["severity"] for issue in issues] == ["critical", "minor"]
    assert issues[1]["location"]["lines"] == {"begin": 2, "end": 3}
    assert len({issue["fingerprint"] for issue in issues}) == 2
    parts = made("codeclimate").split("\0")
    assert parts.pop().strip() == ""
    assert [json.loads(part)["categories"] for part in parts] == [["Security"], ["Performance"]]


def test_sonarqube_has_a_rule_for_each_issue() -> None:
    read = json.loads(made("sonarqube"))
    assert {item["id"] for item in read["rules"]} == {item["ruleId"] for item in read["issues"]}
    assert read["issues"][0]["primaryLocation"]["textRange"] == {
        "startLine": 1,
        "endLine": 1,
        "startColumn": 5,
        "endColumn": 11,
    }


def test_rdjson_counts_bytes_and_suggests_one_replacement() -> None:
    first, second = json.loads(made("rdjson"))["diagnostics"]
    assert first["location"]["range"]["end"] == {"line": 1, "column": 12}
    (suggestion,) = second["suggestions"]
    assert suggestion["text"] == "echo x && \\\n  make -j"
    assert suggestion["range"] == {"start": {"line": 2, "column": 5}, "end": {"line": 3, "column": 7}}
    late = FileReport(
        "d",
        parse(TEXT),
        (Priced(Finding(Span(TEXT.index("x"), TEXT.index("&&")), "m", code="DF101"), rule("DF101"), Severity.INFO),),
    )
    (item,) = json.loads(made("rdjson", late))["diagnostics"]
    assert item["location"]["range"]["start"] == {"line": 2, "column": 11}  # é takes two bytes


def test_markdown_shows_text_as_it_is() -> None:
    lines = made("markdown").splitlines()
    rows = [line for line in lines if re.match(r"\| \S*:\d", line) or line.startswith("| sub")]
    assert len(rows) == 2
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 6 for row in rows)
    assert r"\<b\>" in rows[0]


@pytest.mark.parametrize("name", ["rdjson", "sonarqube"])
def test_the_readers_schema_holds(name: str) -> None:
    schema = json.loads(SCHEMAS.joinpath(f"{name}.json").read_text(encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    empty = Finding(Span(0, 0), "m", code="DL1000")
    whole = FileReport("d", parse(TEXT), (Priced(empty, rule("DL1000"), Severity.STYLE),))
    for reports in ([report()], [report("a \udcff"), report("b")], [whole], [FileReport("d", parse(TEXT), ())]):
        jsonschema.validate(json.loads(made(name, *reports)), schema)
