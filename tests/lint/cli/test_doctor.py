from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dockerlint.lint.cli import main

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # no engine is asked
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_versions_and_programs(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()[:3])
    assert lines["dlint"].count(".") == 2
    assert lines["libraries"].startswith("click ")


def test_each_value_names_where_it_is_from(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "sub").mkdir()
    (here / ".dlint.toml").write_text('preset = "all"\nignore = ["DL3008"]\n')
    monkeypatch.setenv("DLINT_IGNORE", "DF1")
    assert main(["doctor", "sub/Dockerfile", "--target", "build"]) == 0
    out = capsys.readouterr().out
    assert f"configuration for sub: {here / '.dlint.toml'}" in out
    assert f"  preset = all  # {here / '.dlint.toml'}\n" in out
    assert f"  ignore = [DL3008, DF1]  # {here / '.dlint.toml'}, environment (DLINT_*)\n" in out
    assert "  target = build  # command line\n" in out


def test_no_configuration(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / ".dlint.toml").write_text("nonsense")
    assert main(["doctor", "--no-config"]) == 0
    assert capsys.readouterr().out.endswith("configuration for .: no file\n")
    assert main(["doctor"]) == 2


def test_a_path_that_is_not_there_is_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # what configuration a file would have can be asked before it is written
    assert main(["doctor", "api/Dockerfile"]) == 0
    assert capsys.readouterr().out.endswith("\napi/Dockerfile: there is no such file or folder\n")
