"""What is kept between runs: one bounded SQLite file in the user's cache folder, which may be lost at any time."""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from .checksum import checksum

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NAME = "dlint"
RESULTS, COMMENTS = "results.sqlite", "shellcheck.sqlite"
MOST_BYTES = 64_000_000
# Of a full store this share goes, the oldest first.
FREED = 0.5
PATIENCE = 1.0
CHECK_BYTES = 8
DAY = 86_400
AT_ONCE = 500


def folder() -> Path:
    """The user's cache folder for this program; one in which nothing is and can be where somebody else may write to it."""
    found = _folder()
    return Path(os.devnull, NAME) if distrusted(found) else found


def distrusted(found: Path | None = None) -> str | None:
    """Why the cache folder is not used: what somebody else has put there could hide what is in a file. None when it is."""
    found = found or _folder()
    if os.name != "posix":
        return None
    for path in (found, *(found / name for name in (RESULTS, COMMENTS))):
        try:
            state = os.stat(path)  # noqa: PTH116 - as quick as can be: it is done in each run
        except OSError:
            continue
        if state.st_uid not in (os.geteuid(), 0):
            return f"{path} belongs to another user: dlint keeps nothing there"
        # a group of the same number as the user is the user's own
        if state.st_mode & 0o002 or (state.st_mode & 0o020 and state.st_gid != state.st_uid):
            return f"other users can write to {path}: dlint keeps nothing there until you run `chmod go-w`"
    return None


def _folder() -> Path:
    if sys.platform == "linux":
        # what the XDG Base Directory Specification says of most: to load platformdirs takes a tenth of a known file's run
        for variable, below in (("XDG_CACHE_HOME", ""), ("HOME", ".cache")):
            if os.environ.get(variable, "").startswith("/"):
                return Path(os.environ[variable], below, NAME)
    from platformdirs import user_cache_path

    return user_cache_path(NAME)


def results() -> Store:
    """What was found in files."""
    return Store(folder() / RESULTS)


def comments() -> Store:
    """What ShellCheck said of scripts."""
    return Store(folder() / COMMENTS)


def every() -> tuple[Store, ...]:
    """All stores there are."""
    return results(), comments()


class Store:
    """Values by keys. Whatever goes wrong with the file (locked, damaged, a full disk) loses values and nothing else."""

    def __init__(self, path: Path, most_bytes: int = MOST_BYTES) -> None:
        self.path = path
        self.most_bytes = most_bytes
        self._connection: sqlite3.Connection | None = None
        self._owner = 0

    @property
    def size(self) -> int:
        """Bytes of the file; 0 when there is none."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def get(self, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        """The values of those keys that there are."""
        wanted = list(keys)
        found: dict[bytes, bytes] = {}
        if not self.path.is_file():
            return found
        try:
            connection = self._open()
            for at in range(0, len(wanted), AT_ONCE):
                some = wanted[at : at + AT_ONCE]
                marks = ",".join("?" * len(some))
                rows = connection.execute(f"SELECT key, value FROM kept WHERE key IN ({marks})", some)  # noqa: S608
                found.update((key, value[CHECK_BYTES:]) for key, value in rows if _is_whole(value))
            self._touch(connection, found)
        except sqlite3.OperationalError:
            return found
        except sqlite3.Error:
            self.clear()
            return {}
        return found

    def put(self, items: Mapping[bytes, bytes]) -> None:
        """Keep values; the oldest go when there are too many."""
        if not items:
            return
        today = _today()
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            connection = self._open()
            with connection:
                connection.executemany(
                    "INSERT OR REPLACE INTO kept VALUES (?, ?, ?)",
                    ((key, today, _check(value) + value) for key, value in items.items()),
                )
            self._bound(connection)
        except (OSError, sqlite3.OperationalError):
            return
        except sqlite3.Error:
            self.clear()

    def clear(self) -> None:
        """Forget all."""
        self.close()
        for path in (self.path, self.path.with_name(self.path.name + "-journal")):
            with suppress(OSError):
                path.unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __del__(self) -> None:
        # from Python 3.13 on a connection left open is a warning; that of the process before a fork is not ours to close
        if self._owner == os.getpid():
            self.close()

    def _open(self) -> sqlite3.Connection:
        # a connection is of no use to a forked process
        if self._connection is None or self._owner != os.getpid():
            connection = sqlite3.connect(self.path, timeout=PATIENCE)
            try:
                # what a power cut damages is made anew
                connection.execute("PRAGMA synchronous = OFF")
                connection.execute("CREATE TABLE IF NOT EXISTS kept (key BLOB PRIMARY KEY, day INTEGER, value BLOB)")
                connection.execute("CREATE INDEX IF NOT EXISTS by_day ON kept (day)")
            except sqlite3.Error:
                connection.close()
                raise
            self._connection, self._owner = connection, os.getpid()
        return self._connection

    def _touch(self, connection: sqlite3.Connection, found: Iterable[bytes]) -> None:
        """Notes that values were of use today."""
        today = _today()
        rows = [(today, key, today) for key in found]
        old = connection.execute("SELECT min(day) FROM kept").fetchone()[0] if rows else None
        if old is not None and old < today:
            with connection:
                connection.executemany("UPDATE kept SET day = ? WHERE key = ? AND day < ?", rows)

    def _bound(self, connection: sqlite3.Connection) -> None:
        names = ("page_count", "freelist_count", "page_size")
        pages, free, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names)
        if (pages - free) * size <= self.most_bytes:
            return
        count = connection.execute("SELECT count(*) FROM kept").fetchone()[0]
        with connection:
            connection.execute(
                "DELETE FROM kept WHERE key IN (SELECT key FROM kept ORDER BY day LIMIT ?)", (int(count * FREED) + 1,)
            )


def _today() -> int:
    return int(time.time()) // DAY


def _check(value: bytes) -> bytes:
    return checksum(value, CHECK_BYTES)


def _is_whole(value: object) -> bool:
    return isinstance(value, bytes) and value[:CHECK_BYTES] == _check(value[CHECK_BYTES:])
