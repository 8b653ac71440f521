"""Whether what was made of this program's files is still good."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dockerlint.lint.storage import installation

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a package as small as can be, taken for this program's."""
    top = tmp_path / "dockerlint"
    for name in installation.FOLDERS:
        (top / name).mkdir(parents=True)
    (top / "rules" / "one.py").write_text("a = 1\n")
    monkeypatch.setattr(installation, "TOP", str(top))
    return top


def state() -> str:
    return installation.state.__wrapped__()


def test_each_file_of_a_checkout_counts(package: Path) -> None:
    states = {state()}
    (package / "rules" / "one.py").write_text("a = 12\n")
    states.add(state())
    (package / "lint" / "data").mkdir()
    (package / "lint" / "data" / "two.toml").touch()
    states.add(state())
    assert len(states) == 3
    (package / "rules" / "__pycache__").mkdir()
    (package / "rules" / "__pycache__" / "one.pyc").touch()
    assert state() in states


def test_an_installation_is_as_its_record_says(package: Path) -> None:
    record = package.parent / "dockerlint-1.0.dist-info" / "RECORD"
    record.parent.mkdir()
    of_files = state()
    record.write_text("dockerlint/rules/one.py,sha256=a,6\n")
    first = state()
    assert first != of_files
    # what an installer writes it writes into the record too
    (package / "rules" / "one.py").write_text("a = 12\n")
    assert state() == first
    record.write_text("dockerlint/rules/one.py,sha256=bb,7\n")
    assert state() not in {first, of_files}


def test_another_packages_record_is_none_of_ours(package: Path) -> None:
    of_files = state()
    record = package.parent / "dockerlintplus-1.0.dist-info" / "RECORD"
    record.parent.mkdir()
    record.touch()
    assert state() == of_files
