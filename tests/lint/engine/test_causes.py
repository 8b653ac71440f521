"""Which findings are told as one problem."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dockerlint.lint.catalogue import tables
from dockerlint.lint.cli.one_file import work
from dockerlint.lint.cli.task import Task
from dockerlint.lint.engine.causes import DATA, PLACE, STAGE, TOOL
from dockerlint.lint.engine.registry import rules
from dockerlint.lint.engine.shellcheck_rules import find

if TYPE_CHECKING:
    from pathlib import Path

    from dockerlint.lint.engine.file_report import FileReport


def checked(folder: Path, text: str, preset: str = "all") -> FileReport:
    path = folder / "Dockerfile"
    path.write_text(text)
    (result,) = work(Task(layers=({"preset": preset, "shellcheck": "off"},), file_layer={}, cache=False), [path])
    assert not result.failures
    assert result.report
    return result.report


def rows(report: FileReport) -> set[tuple[str, ...]]:
    """The codes and lines of each problem, the one that tells it first."""
    return {tuple(f"{item.finding.code}:{report.doc.line(item.finding.span.start)}" for item in group.every) for group in report.groups}


@pytest.mark.parametrize(
    ("text", "row"),
    [
        # a safe clean-up goes before an unsafe mount, of two safe ones the more valuable
        ("FROM python:3.12\nRUN pip install flask\n", ("DL3042:2", "DF103:2")),
        ("FROM node:22\nRUN yarn install\n", ("DF103:2", "DL3060:2")),
        ("FROM debian:12\nRUN apt-get update && apt-get install -y curl\n", ("DL3009:2", "DF103:2")),
        # a clean-up that comes too late
        ("FROM fedora:42\nRUN dnf install -y httpd\nRUN dnf clean all\n", ("DF201:3", "DF103:2", "DL3040:2")),
        ("FROM debian:12\nRUN apt-get update && apt-get install -y curl\nRUN rm -rf /var/lib/apt/lists/*\n", ("DF201:3", "DF103:2", "DL3009:2")),
        ("FROM debian:12\nRUN apt-get update\nRUN apt-get install -y curl\n", ("DF104:2", "DF103:3", "DL3009:2")),
        # the one that says more goes first, whatever has a fix
        ("FROM debian:12\nRUN useradd app\nCMD [\"/a\"]\n", ("DF419:2", "DF401:1")),
        ("FROM debian:12\nRUN curl https://get.example.com | sh\n", ("DF403:2", "DL4006:2")),
        ("FROM debian:12\nADD http://example.com/a.tar.gz /a/\n", ("DF411:2", "DF406:2")),
        ("FROM $BASE\n", ("DL1000:1", "DF601:1", "DF603:1")),
    ],
)
def test_one_cause_is_one_row(tmp_path: Path, text: str, row: tuple[str, ...]) -> None:
    assert row in rows(checked(tmp_path, text))


def test_tools_of_one_run_are_told_apart(tmp_path: Path) -> None:
    text = "FROM python:3.12\nRUN apt-get update && apt-get install -y gcc && pip install flask && pip install django\n"
    report = checked(tmp_path, text)
    assert {("DL3009:2", "DF103:2"), ("DL3042:2", "DF103:2")} <= rows(report)
    assert len({item.finding.span for item in report.items if item.finding.code == "DF103"}) == 2


def test_a_late_clean_up_of_one_of_several_tools_is_told_alone(tmp_path: Path) -> None:
    # which of the two tools' files it deletes is not known
    text = "FROM python:3.12\nRUN apt-get update && apt-get install -y gcc && pip install flask\nRUN rm -rf /root/.cache\n"
    assert ("DF201:3",) in rows(checked(tmp_path, text))


def test_what_stands_in_another_place_is_another_problem(tmp_path: Path) -> None:
    text = "FROM debian:12\nRUN curl https://get.example.com | sh\nRUN curl https://example.com | tar x\n"
    found = rows(checked(tmp_path, text))
    assert {("DF403:2", "DL4006:2"), ("DL4006:3",)} <= found


def test_without_the_one_that_tells_it_the_next_does(tmp_path: Path) -> None:
    text = "FROM python:3.12\n# dlint ignore=DL3042\nRUN pip install flask\n"
    assert ("DF103:3",) in rows(checked(tmp_path, text))


def test_hadolint_tells_each_by_itself(tmp_path: Path) -> None:
    report = checked(tmp_path, "FROM debian\nRUN cd /tmp && curl https://a | sh\nRUN apt-get update && apt-get install -y curl\n", "hadolint")
    assert len(report.groups) == len(report.items) > 3


def test_the_table_names_rules_that_there_are() -> None:
    known = {rule.code for rule in rules()}
    table = tables.table(DATA)
    assert {row["at"] for row in table.values()} == {PLACE, TOOL, STAGE}
    unknown = {code for row in table.values() for code in row["codes"] if code not in known and not find(code)}
    assert unknown == set()
    assert all(len(row["codes"]) > 1 for row in table.values())


def test_levels_are_hadolints_in_its_preset_and_milder_else(tmp_path: Path) -> None:
    text = "FROM debian:12\nMAINTAINER me\nADD a b/\n"
    for preset, levels in (("hadolint", {"error"}), ("recommended", {"info"}), ("all", {"info"})):
        report = checked(tmp_path, text, preset)
        assert {item.severity.value for item in report.items if item.finding.code in ("DL4000", "DL3020")} == levels
