"""Where Dockerfiles come from: git repositories below a folder, files of JSON lines, files of Parquet. All is streamed."""

from __future__ import annotations

import gzip
import json
import os
import stat
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct

from dockerlint.lint.git.client import GITLINK, LINK, GitError, ask
from dockerlint.lint.settings.discovery import is_dockerfile
from dockerlint.lint.syntax.source import MOST_BESIDE, reason

from .scan_values import File, ScanError, ScanFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from io import BufferedIOBase

PARQUET = ".parquet"
RECORDS = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz", PARQUET)
BARE = {"HEAD", "objects", "refs"}
# A line may escape each character of a text.
MOST_LINE = 6 * MOST_BESIDE
# So many rows of Parquet at a time.
ROWS = 256
# git is waited for more than it works.
LISTERS, AHEAD = 4, 32
PATIENCE = 120.0
NAMES = ("repository", "repo")

T = TypeVar("T")
U = TypeVar("U")


class _Repository(Struct, frozen=True):
    """A repository below the folder that is scanned: where it lies, what it is called, whether it has no work tree."""

    folder: Path
    name: str
    is_bare: bool


def read(source: Path) -> Iterator[File | ScanFailure]:
    """The Dockerfiles of a file of records, or of all repositories and files of records below a folder, in order.

    Raises ScanError when there is nothing to read; what goes wrong with a part of it is a Failure.
    """
    try:
        mode = source.stat().st_mode
    except OSError as error:
        raise ScanError(f"{source}: cannot be read: {reason(error)}") from error
    if not stat.S_ISDIR(mode):
        if not source.name.endswith(RECORDS):
            raise ScanError(f"{source}: this is neither a folder nor a file whose name ends in {', '.join(RECORDS)}")
        return _records(source, source.name, is_only=True)
    return _below(source)


def _below(source: Path) -> Iterator[File | ScanFailure]:
    found = 0
    for items in _ahead(_opened, _walk(source)):
        found += 1
        yield from items
    if not found:
        wanted = ", ".join(RECORDS)
        raise ScanError(f"{source}: no git repository below this folder, and no file of records ({wanted})")


def _opened(found: _Repository | Path | ScanFailure) -> Iterable[File | ScanFailure]:
    match found:
        case ScanFailure():
            return [found]
        case Path():
            return _records(found, found.name, is_only=False)
        case _:
            return _of_git(found)


def _ahead(function: Callable[[T], U], items: Iterable[T]) -> Iterator[U]:
    """What a function gives for each item, in order, with a few calls under way at a time."""
    pool = ThreadPoolExecutor(LISTERS)
    try:
        waiting = deque[Any]()
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


# ------------------------------------------------------------ git


def _walk(top: Path) -> Iterator[_Repository | Path | ScanFailure]:
    """The repositories and the files of records below a folder; links are not followed, nor is a repository searched."""
    rest = [top]
    while rest:
        folder = rest.pop()
        try:
            entries = {entry.name: entry for entry in sorted(os.scandir(folder), key=lambda entry: entry.name)}
        except OSError as error:
            yield ScanFailure(_name(folder, top), "", "", "unreadable", f"{folder}: cannot be searched: {reason(error)}")
            continue
        if ".git" in entries or entries.keys() >= BARE:
            yield _Repository(folder, _name(folder, top), ".git" not in entries)
            continue
        for name, entry in entries.items():
            if name.endswith(RECORDS) and entry.is_file(follow_symlinks=False):
                yield folder / name
        rest += [folder / name for name, entry in reversed(entries.items()) if entry.is_dir(follow_symlinks=False)]


def _name(folder: Path, top: Path) -> str:
    name = folder.relative_to(top).as_posix() if folder != top else top.resolve().name
    return name.removesuffix(".git") or name


def _of_git(found: _Repository) -> list[File | ScanFailure]:
    """The Dockerfiles of the commit that the default branch is at. A link is none: what it leads to is found by itself."""
    try:
        commit = _commit(found)
        listed = os.fsdecode(ask(found.folder, "ls-tree", "-r", "-z", "--full-tree", commit, patience=PATIENCE))
    except GitError as error:
        return [ScanFailure(found.name, "", "", "unreadable", str(error))]
    return [
        File(found.name, path, commit=commit, top=str(found.folder))
        for mode, path in _listed(listed)
        if mode not in (LINK, GITLINK) and is_dockerfile(path.rpartition("/")[2])
    ]


def _listed(answer: str) -> Iterator[tuple[str, str]]:
    for item in answer.split("\0"):
        about, tab, path = item.partition("\t")
        if tab:
            yield about.partition(" ")[0], path


def _commit(found: _Repository) -> str:
    """The default branch of where a work tree was cloned from, if that is known; else what is checked out."""
    if not found.is_bare:
        try:
            return _resolved(found, "refs/remotes/origin/HEAD")
        except GitError as error:
            if error.said is None:
                raise
    try:
        return _resolved(found, "HEAD")
    except GitError as error:
        if error.said and "HEAD" in error.said:
            raise GitError(f"{found.folder}: the repository has no commits", error.said) from error
        raise


def _resolved(found: _Repository, revision: str) -> str:
    answer = os.fsdecode(ask(found.folder, "rev-parse", "--absolute-git-dir", f"{revision}^{{commit}}")).removesuffix("\n")
    folder, _, commit = answer.rpartition("\n")
    own = found.folder if found.is_bare else found.folder / ".git"
    # git looks further up when a folder is no repository after all
    if own.is_dir() and Path(folder).resolve() != own.resolve():
        raise GitError(f"{found.folder} is not a git repository: what git needs is not there")
    return commit


# ------------------------------------------------------------ records


def _records(path: Path, name: str, *, is_only: bool) -> Iterator[File | ScanFailure]:
    """The records of a file; when it is not one among many (`is_only`), one that cannot be read is a ScanError."""
    rows = _parquet if name.endswith(PARQUET) else _lines
    try:
        yield from rows(path, name)
    except (OSError, EOFError, ScanError) as error:
        sentence = str(error) if isinstance(error, ScanError) else f"{path}: cannot be read: {error}"
        if is_only:
            raise ScanError(sentence) from error
        yield ScanFailure(name, "", "", "unreadable", sentence)


def _lines(path: Path, name: str) -> Iterator[File | ScanFailure]:
    with gzip.open(path) if path.name.endswith(".gz") else path.open("rb") as file:
        for number, line in enumerate(_bounded(file), 1):
            if not line or line.strip():
                yield _of_line(line, name, f"{path}:{number}")


def _bounded(file: BufferedIOBase) -> Iterator[bytes]:
    """The lines of a file; one that is too long is an empty one, of which the rest is passed over."""
    while line := file.readline(MOST_LINE):
        if len(line) < MOST_LINE or line.endswith(b"\n"):
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = file.readline(MOST_LINE)
        yield b""


def _of_line(line: bytes, name: str, place: str) -> File | ScanFailure:
    unread = partial(ScanFailure, name, "", "", "unreadable")
    if not line:
        return unread(f"{place}: the line is longer than {MOST_LINE:,} bytes")
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        return unread(f"{place}: not valid JSON: {error}")
    if not isinstance(found, dict):
        return unread(f"{place}: not a JSON object")
    return _record(found, name, place)


def _record(found: dict[str, Any], name: str, place: str) -> File | ScanFailure:
    text, path = found.get("text"), found.get("path")
    if not isinstance(text, str) or not isinstance(path, str):
        return ScanFailure(name, "", "", "unreadable", f"{place}: a record needs `path` and `text`, both strings")
    repository = next((found[key] for key in NAMES if isinstance(found.get(key), str)), name)
    # JSON may hold halves of characters, which are no text
    return File(*(item.encode("utf-8", "replace").decode() for item in (repository, path, text)))


def _parquet(path: Path, name: str) -> Iterator[File | ScanFailure]:
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            there = set(file.schema_arrow.names)
            if not {"path", "text"} <= there:
                raise ScanError(f"{path}: the columns `path` and `text` are needed; there are {', '.join(sorted(there)) or 'none'}")
            columns = ["path", "text", *(key for key in NAMES if key in there)]
            number = 0
            for batch in file.iter_batches(batch_size=ROWS, columns=columns, use_threads=False):
                for row in batch.to_pylist():
                    number += 1
                    yield _record({key: _decoded(value) for key, value in row.items()}, name, f"{path}: row {number}")
    except (pyarrow.ArrowException, UnicodeDecodeError) as error:
        raise ScanError(f"{path}: this Parquet file cannot be read: {error}") from error


def _decoded(value: object) -> object:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
