from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from dockerlint.lint.engine import registry, result_cache
from dockerlint.lint.storage import plugins, sqlite_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# How long an example takes says more of the machine than of the code.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus" / "dev.jsonl.gz"


@pytest.fixture(autouse=True)
def no_memory_of_other_tests(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    folder: Path | None = None

    def fresh() -> Path:
        nonlocal folder
        folder = folder or tmp_path_factory.mktemp("kept") / "cache"
        return folder

    monkeypatch.setattr(sqlite_store, "folder", fresh)


@pytest.fixture
def plug_in(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Installs a module that is loaded, by its name, as a plug-in with rules."""
    # what a process looks up once
    caches = (plugins._are_there, plugins.modules, registry.rules, result_cache._program)

    def forget() -> None:
        for cache in caches:
            cache.cache_clear()

    def install(module: str) -> None:
        site = tmp_path_factory.mktemp("site")
        info = site / "plug_in_of_tests-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: plug-in-of-tests\nVersion: 1\n")
        (info / "entry_points.txt").write_text(f"[{plugins.RULES}]\ntests = {module}\n")
        monkeypatch.syspath_prepend(site)
        forget()

    yield install
    forget()


@pytest.fixture(scope="session")
def corpus() -> list[str]:
    if not CORPUS.exists():
        pytest.skip("the corpus is not beside the repository")
    with gzip.open(CORPUS, "rt", encoding="utf8") as lines:
        return [json.loads(line)["text"] for line in lines]
