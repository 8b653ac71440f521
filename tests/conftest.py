from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import settings

from dockerlint.lint.storage import sqlite_store

# How long an example takes says more of the machine than of the code.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus" / "dev.jsonl.gz"


@pytest.fixture(autouse=True)
def no_memory_of_other_tests(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    folder: Path | None = None

    def fresh() -> Path:
        nonlocal folder
        folder = folder or tmp_path_factory.mktemp("kept")
        return folder

    monkeypatch.setattr(sqlite_store, "folder", fresh)


@pytest.fixture(scope="session")
def corpus() -> list[str]:
    if not CORPUS.exists():
        pytest.skip("the corpus is not beside the repository")
    with gzip.open(CORPUS, "rt", encoding="utf8") as lines:
        return [json.loads(line)["text"] for line in lines]
