"""A cache folder that somebody else may write: what was planted there must hide nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dockerlint.lint.storage import safe_write

pytestmark = pytest.mark.skipif(os.name != "posix", reason="owners and modes of Unix")


def run(folder: Path, text: str, *words: str) -> subprocess.CompletedProcess[str]:
    (folder / "Dockerfile").write_text(text)
    package = str(Path(safe_write.__file__).parents[3])
    environment = {**os.environ, "PYTHONPATH": package, "XDG_CACHE_HOME": str(folder / "home")}
    command = [sys.executable, "-m", "dockerlint.lint.cli", "--shellcheck", "off", *words, "Dockerfile"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def spoil(kept: Path, kind: str) -> None:
    match kind:
        case "world":
            kept.chmod(0o777)
        case "group":
            kept.chmod(0o770)
            os.chown(kept, os.geteuid(), 1234)
        case "owner":
            os.chown(kept, 1234, 1234)
        case "file":
            (kept / "results.sqlite").chmod(0o666)
        case _:
            os.chown(kept / "results.sqlite", 1234, 1234)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
@pytest.mark.parametrize("kind", ["world", "group", "owner", "file", "file's owner"])
def test_a_folder_of_others_is_not_used_and_that_is_told(tmp_path: Path, kind: str) -> None:
    text = "FROM debian\nMAINTAINER me\n"
    assert "DL4000" in run(tmp_path, text).stdout
    kept = tmp_path / "home/dlint"
    assert kept.stat().st_mode & 0o777 == 0o700
    # what a planted result would look like: nothing found in this file
    import sqlite3

    with sqlite3.connect(kept / "results.sqlite") as connection:
        count = connection.execute("SELECT count(*) FROM kept").fetchone()[0]
        assert count
        connection.execute("UPDATE kept SET value = ?", (b"planted",))
    connection.close()
    spoil(kept, kind)
    before = sorted((path.name, path.stat().st_mtime_ns) for path in kept.iterdir())
    done = run(tmp_path, text)
    assert "DL4000" in done.stdout
    assert "keeps nothing there" in done.stderr
    assert sorted((path.name, path.stat().st_mtime_ns) for path in kept.iterdir()) == before
    assert "keeps nothing there" not in run(tmp_path, text, "--no-cache").stderr


def test_a_folder_of_ones_own_is_used(tmp_path: Path) -> None:
    done = run(tmp_path, "FROM debian\n")
    assert "kept" not in done.stderr
    assert (tmp_path / "home/dlint/results.sqlite").exists()
