from __future__ import annotations

import multiprocessing
import os
import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from platformdirs import user_cache_path

from dockerlint.lint.storage import sqlite_store
from dockerlint.lint.storage.sqlite_store import DAY, Store, folder

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "kept.sqlite"


def test_what_is_kept_is_there_for_the_next_one(file: Path) -> None:
    Store(file).put({b"a": b"1", b"b": b""})
    assert Store(file).get([b"a", b"b", b"c"]) == {b"a": b"1", b"b": b""}


def test_it_lets_go_of_its_file(file: Path) -> None:
    kept = Store(file)
    kept.put({b"a": b"1"})
    connection = kept._connection
    assert connection
    del kept
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")


def test_nothing_is_made_to_read(file: Path) -> None:
    assert Store(file).get([b"a"]) == {}
    Store(file).put({})
    assert not file.parent.exists()


def test_more_keys_than_one_question_can_hold(file: Path) -> None:
    items = {str(number).encode(): b"x" for number in range(40_000)}
    Store(file).put(items)
    assert Store(file).get(items) == items


@pytest.mark.parametrize("damage", [b"", b"no database", b"SQLite format 3\0" + b"\0" * 500])
def test_a_damaged_file_is_made_anew(file: Path, damage: bytes) -> None:
    Store(file).put({b"a": b"1"})
    file.write_bytes(damage)
    assert Store(file).get([b"a"]) == {}
    Store(file).put({b"a": b"2"})
    Store(file).put({b"a": b"3"})
    assert Store(file).get([b"a"]) == {b"a": b"3"}


@given(st.data())
def test_bytes_that_are_changed_are_never_taken_for_a_value(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    file = tmp_path_factory.mktemp("kept") / "kept.sqlite"
    known = {bytes([number]) * 20: bytes([number]) * 300 for number in range(30)}
    Store(file).put(known)
    whole = bytearray(file.read_bytes())
    for _ in range(data.draw(st.integers(1, 20))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    file.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    found = Store(file).get(known)
    assert found.items() <= known.items()


def test_a_value_that_lost_a_byte_is_not_found(file: Path) -> None:
    Store(file).put({b"a": b"value"})
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE kept SET value = substr(value, 1, 10)")
    assert Store(file).get([b"a"]) == {}


def test_it_stays_within_its_bounds_and_the_oldest_go_first(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for day in range(40):
        monkeypatch.setattr(time, "time", lambda day=day: float(day * DAY))
        Store(file, 200_000).put({f"{day}-{number}".encode(): os.urandom(1000) for number in range(10)})
        assert file.stat().st_size < 300_000
    last = [f"39-{number}".encode() for number in range(10)]
    assert set(Store(file).get(last)) == set(last)
    assert Store(file).get([b"0-0"]) == {}


def test_what_is_used_stays(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for day in range(40):
        monkeypatch.setattr(time, "time", lambda day=day: float(day * DAY))
        kept = Store(file, 200_000)
        kept.put({b"used": b"1"} if day == 0 else {})
        assert kept.get([b"used"]) == {b"used": b"1"}
        kept.put({f"{day}-{number}".encode(): os.urandom(1000) for number in range(10)})


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    kept = Store(tmp_path / "file" / "kept.sqlite")
    kept.put({b"a": b"1"})
    assert kept.get([b"a"]) == {}


def write(file: Path, name: str) -> None:
    for number in range(50):
        Store(file).put({f"{name}{number}".encode(): name.encode() * 100})


def test_two_write_at_once(file: Path) -> None:
    context = multiprocessing.get_context("fork")
    both = [context.Process(target=write, args=(file, name)) for name in "xy"]
    for one in both:
        one.start()
    for one in both:
        one.join()
    found = Store(file).get(f"{name}{number}".encode() for name in "xy" for number in range(50))
    assert len(found) == 100


def test_a_locked_file_is_not_waited_for_long(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_store, "PATIENCE", 0.05)
    Store(file).put({b"a": b"1"})
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert Store(file).get([b"a"]) == {}
        Store(file).put({b"b": b"2"})
    assert Store(file).get([b"a", b"b"]) == {b"a": b"1"}


def test_clear_forgets_all(file: Path) -> None:
    kept = Store(file)
    kept.put({b"a": b"1"})
    kept.clear()
    assert not file.exists()
    assert kept.get([b"a"]) == {}


# a relative one is to be ignored, which platformdirs does in its later versions only
@pytest.mark.parametrize("xdg", ["/a/b", "/a/b/", "", None])
@pytest.mark.parametrize("home", ["/home/me", "/", "", "me", None])
def test_the_folder_is_that_of_platformdirs(monkeypatch: pytest.MonkeyPatch, xdg: str | None, home: str | None) -> None:
    for name, value in (("XDG_CACHE_HOME", xdg), ("HOME", home)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)

    assert folder() == user_cache_path("dlint")
