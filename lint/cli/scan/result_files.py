"""What a scan leaves: a folder of Parquet files, three for each chunk, written whole or not at all."""

from __future__ import annotations

import fcntl
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

import pyarrow
import pyarrow.parquet

from dockerlint.lint.report.escaping import clean
from dockerlint.lint.storage.safe_write import WriteError, put
from dockerlint.lint.syntax.source import reason

from .scan_values import FileRow, FindingRow, ScanError, ScanFailure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence, Set
    from pathlib import Path

    from .scan_values import Chunk, Done

STATE = "scan.json"
# The files are written last: where they are, all of the chunk is.
FAILURES, FINDINGS, FILES = KINDS = ("failures", "findings", "files")
SUFFIX = ".parquet"
MAGIC = b"PAR1"
_TYPES = {str: pyarrow.string(), int: pyarrow.int32(), float: pyarrow.float64(), bool: pyarrow.bool_()}


def _schema(row: type) -> pyarrow.Schema:
    """The columns of a row's class, by its annotations."""
    hints = ((name, get_args(hint) or (hint,)) for name, hint in get_type_hints(row).items())
    return pyarrow.schema([pyarrow.field(name, _TYPES[types[0]], nullable=len(types) > 1) for name, types in hints])


SCHEMAS = {FAILURES: _schema(ScanFailure), FINDINGS: _schema(FindingRow), FILES: _schema(FileRow)}


class ScanResults:
    """The folder of a scan's results, while one process has it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._there = {path.name.removesuffix(SUFFIX) for path in self._parts(FILES) if _is_whole(path)}
        self._failed = {path.name.removesuffix(SUFFIX) for path in self._parts(FAILURES)}

    def has(self, chunk: Chunk, *, again: bool = False) -> bool:
        """Whether a chunk is done; `again` says that one in which something failed is not."""
        return chunk.key in self._there and not (again and chunk.key in self._failed)

    def write(self, done: Done) -> None:
        """Keeps what a chunk gave. Raises ScanError when it cannot be written."""
        rows: dict[str, Sequence[Any]] = {
            FAILURES: done.failures,
            FINDINGS: [row for item in done.looked for row in item.findings],
            FILES: [item.file for item in done.looked],
        }
        for kind in KINDS:
            path = self.folder / kind / (done.key + SUFFIX)
            try:
                if rows[kind] or kind == FILES:
                    put(path, _written(kind, rows[kind]))
                else:
                    path.unlink(missing_ok=True)
            except WriteError as error:
                raise ScanError(str(error)) from error
            except OSError as error:
                raise ScanError(f"{path}: cannot be removed: {reason(error)}") from error

    def clear(self, keep: Set[str] = frozenset()) -> None:
        """Takes away the parts of other chunks than these, and what a process left that was killed as it wrote."""
        for kind in KINDS:
            for path in list((self.folder / kind).iterdir()):
                is_ours = path.name.endswith((SUFFIX, ".dlint"))
                if is_ours and path.name.removesuffix(SUFFIX) not in keep:
                    path.unlink(missing_ok=True)
        self._there &= keep
        self._failed &= keep

    def batches(self, kind: str, columns: Sequence[str]) -> Iterator[list[dict[str, Any]]]:
        """The rows of one kind, part by part, in the order of the names of the parts."""
        for path in sorted(self._parts(kind)):
            try:
                yield pyarrow.parquet.read_table(path, columns=list(columns), use_threads=False).to_pylist()
            except (OSError, pyarrow.ArrowException) as error:
                raise ScanError(f"{path}: cannot be read; remove it, and the same command makes it again: {error}") from error

    def _parts(self, kind: str) -> list[Path]:
        found = (self.folder / kind).iterdir()
        return [path for path in found if path.name.endswith(SUFFIX) and not path.name.startswith(".")]


@contextmanager
def opened(folder: Path) -> Iterator[ScanResults]:
    """The results of a folder, which is made where there is none.

    Raises ScanError when the folder holds something else, when another scan writes to it, or when it cannot be written.
    """
    try:
        if folder.is_dir() and any(folder.iterdir()) and not (folder / STATE).is_file():
            raise ScanError(f"{folder}: this folder holds files that are not of a scan; name another or an empty one")
        for kind in KINDS:
            (folder / kind).mkdir(parents=True, exist_ok=True)
        lock = (folder / STATE).open("a+b")
    except OSError as error:
        raise ScanError(f"{error.filename or folder}: cannot be written: {reason(error)}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ScanError(f"{folder}: another scan is writing to this folder") from error
        yield ScanResults(folder)


def write_state(folder: Path, state: dict[str, Any]) -> None:
    """Says in the folder what the last scan did; the file stays the one that is locked. Raises ScanError."""
    try:
        (folder / STATE).write_text(json.dumps(state, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise ScanError(f"{folder / STATE}: cannot be written: {reason(error)}") from error


def _written(kind: str, rows: Sequence[Any]) -> bytes:
    schema = SCHEMAS[kind]
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    # bytes that were no UTF-8 may stand in any text
    spelled = ([clean(value) if isinstance(value, str) else value for value in column] for column in columns)
    arrays = [pyarrow.array(column, field.type) for column, field in zip(spelled, schema, strict=True)]
    sink = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(pyarrow.Table.from_arrays(arrays, schema=schema), sink, compression="zstd")
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _is_whole(path: Path) -> bool:
    """Whether a file has the end of a Parquet file: a machine may have lost its power."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(size - len(MAGIC), 0))
        return file.read() == MAGIC
