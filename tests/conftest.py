from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dockerlint.lint import store

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def no_memory_of_other_tests(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    folder: Path | None = None

    def fresh() -> Path:
        nonlocal folder
        folder = folder or tmp_path_factory.mktemp("kept")
        return folder

    monkeypatch.setattr(store, "folder", fresh)
