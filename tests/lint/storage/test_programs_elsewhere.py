"""Programs are taken from PATH, never from the current folder: there somebody else may have put one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from dockerlint.lint.report.render import FORMATS, ReportOptions, render
from dockerlint.lint.storage import programs

if TYPE_CHECKING:
    from pathlib import Path


def program(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize("entry", ["", ".", "./", "sub", "../here", "sub/.."])
@pytest.mark.parametrize("name", ["git", "shellcheck-of-nobody", "docker"])
def test_what_lies_in_the_current_folder_is_not_run(entry: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "here"
    for folder in (here, here / "sub"):
        program(folder / name)
    good = program(tmp_path / "bin" / name)
    monkeypatch.chdir(here)
    monkeypatch.setenv("PATH", entry)
    monkeypatch.setattr("dockerlint.lint.storage.programs.sys.executable", "/nowhere/python")
    assert programs.find(name) is None
    monkeypatch.setenv("PATH", os.pathsep.join([entry, str(tmp_path / "bin"), ""]))
    assert programs.find(name) == good


def test_windows_looks_for_endings_and_not_in_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good, other = program(tmp_path / "bin/git.EXE"), program(tmp_path / "bin/tool.bat")
    program(tmp_path / "here/git.EXE")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("PATH", os.pathsep.join([".", str(tmp_path / "bin")]))
    monkeypatch.setenv("PATHEXT", ".EXE;.bat")
    monkeypatch.setattr(programs, "os", Windows())
    assert programs.find("git") == good
    assert programs.find("git.EXE") == good
    assert programs.find("tool") == other
    assert programs.find("nothing") is None


class Windows:
    """`os` as far as it is used, on Windows."""

    name = "nt"

    def __getattr__(self, name: str) -> object:
        return getattr(os, name)


@pytest.mark.parametrize("format_", FORMATS)
def test_machines_get_slashes_from_windows(format_: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.engine.checker import check
    from dockerlint.lint.engine.file_report import FileReport, Priced
    from dockerlint.lint.engine.registry import rules
    from dockerlint.lint.syntax.lines import Lines
    from dockerlint.lint.syntax.parser import parse

    doc = parse("FROM debian\r\nMAINTAINER me\r\n")
    by_code = {rule.code: rule for rule in rules()}
    items = tuple(Priced(item, by_code[item.code], by_code[item.code].severity) for item in check(doc, Facts(doc), rules()))
    monkeypatch.setattr("dockerlint.lint.report.render.os", Windows())
    shown = render(format_, [FileReport("sub\\a\\Dockerfile", Lines(doc.text), items)], ReportOptions())
    assert ("sub/a/Dockerfile" in shown) is (format_ != "text")
    assert ("sub\\a\\Dockerfile" in shown) is (format_ == "text")
