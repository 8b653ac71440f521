"""Where other programs are."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from dockerlint.lint.storage import programs

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def put(folder: Path, name: str, *, runs: bool = True) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text("#!/bin/sh\n")
    file.chmod(0o755 if runs else 0o644)
    return file


def test_a_program_beside_this_python_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    beside, on_path = put(tmp_path / "bin", "tool"), put(tmp_path / "path", "tool")
    monkeypatch.setenv("PATH", str(on_path.parent))
    assert programs.find("tool") == str(on_path)

    monkeypatch.setattr(sys, "executable", str(beside.parent / "python"))
    assert programs.find("tool") == str(beside)
    found = programs.state("tool")
    assert found is not None
    assert found[:2] == (str(beside), beside.stat().st_size)


def test_what_does_not_run_is_no_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "path", "tool", runs=False)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))

    assert programs.find("tool") is None
    assert programs.state("tool") is None
