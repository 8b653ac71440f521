"""`.dlint/measured.json` in the context's folder: measured figures, kept for later runs."""

from __future__ import annotations

import json
import math
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from dockerlint.fixers.cost.bounded import Amount
from dockerlint.lint.catalogue.basis import Basis
from dockerlint.lint.engine.result_cache import MEASURED
from dockerlint.lint.storage.safe_write import WriteError, write

from .build_log import MOST_SECONDS
from .docker_history import MOST_BYTES
from .measured_row import Figures, MeasuredError
from .measurements import Measurements

if TYPE_CHECKING:
    from pathlib import Path

VERSION = 1
MOST_CHARACTERS = 8_000_000
SIZES = ("adds", "ships", "wasted")


def path(root: Path) -> Path:
    """Where the figures of a context are kept."""
    return root.joinpath(*MEASURED)


def load(root: Path, name: str) -> Measurements | None:
    """What was kept of a Dockerfile of a context, by its name there; None when there is nothing.

    Raises MeasuredError when the file is no good.
    """
    data = _read(path(root))
    if data is None:
        return None
    steps = _files(data, path(root)).get(name)
    if steps is None:
        return None
    return _measurements(steps, path(root))


def save(root: Path, name: str, found: Measurements) -> Path:
    """Keeps the figures of a Dockerfile, and those of others that are there already.

    Raises MeasuredError when the file that is there is no good, or cannot be written.
    """
    file = path(root)
    data = _read(file)
    files = dict(_files(data, file)) if data is not None else {}
    files[name] = [_as_data(key, figures) for key, figures in found.entries]
    text = json.dumps({"version": VERSION, "files": files}, indent=1, sort_keys=True) + "\n"
    try:
        if data is None:
            file.parent.mkdir(exist_ok=True)
            # nothing is there: an empty file to take the place of
            os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644))
        try:
            write(file, text.encode(), data or b"")
        except WriteError:
            if data is None:
                with suppress(OSError):
                    file.unlink()
            raise
    except OSError as error:
        raise MeasuredError(f"{file}: cannot be written: {(error.strerror or str(error)).lower()}") from error
    except WriteError as error:
        raise MeasuredError(str(error)) from error
    return file


def _read(file: Path) -> bytes | None:
    """The bytes of the file, None when there is none. Links are not followed: they may lead out of the context."""
    try:
        for part, is_kind in ((file.parent, stat.S_ISDIR), (file, stat.S_ISREG)):
            found = part.lstat()
            if not is_kind(found.st_mode):
                raise MeasuredError(
                    f"{part}: this must be a plain {'folder' if part != file else 'file'}; it is not used"
                )
        if found.st_size > MOST_CHARACTERS:
            raise MeasuredError(f"{file}: the file is too big to be one of ours; delete it, and measure again")
        return file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise MeasuredError(f"{file}: cannot be read: {(error.strerror or str(error)).lower()}") from error


def _files(data: bytes, file: Path) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise MeasuredError(f"{file}: the file is damaged; delete it, and measure again") from error
    version = found.get("version") if isinstance(found, dict) else None
    if version != VERSION:
        raise MeasuredError(f"{file}: the file is not of this version of dlint; delete it, and measure again")
    files = found.get("files")
    if not isinstance(files, dict):
        raise MeasuredError(f"{file}: the file is damaged; delete it, and measure again")
    return files


def _measurements(steps: Any, file: Path) -> Measurements:
    try:
        return Measurements(tuple((_key(item), _figures(item)) for item in steps))
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        raise MeasuredError(f"{file}: the file is damaged; delete it, and measure again") from error


def _key(item: Any) -> str:
    key = item["key"]
    if not isinstance(key, str):
        raise TypeError(key)
    return key


def _figures(item: Any) -> Figures:
    adds, ships, wasted = (_size(item.get(name)) for name in SIZES)
    seconds = item.get("seconds")
    if seconds is None:
        return Figures(adds, ships, wasted, saved=True)
    low, mid, high = map(float, seconds)
    if not (low >= 0 and high <= MOST_SECONDS and math.isfinite(mid)):
        raise ValueError(seconds)
    return Figures(adds, ships, wasted, Amount(low, mid, high, Basis.MEASURED), saved=True)


def _size(value: Any) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or not 0 <= value <= MOST_BYTES:
        raise ValueError(value)
    return value


def _as_data(key: str, figures: Figures) -> dict[str, Any]:
    found: dict[str, Any] = {"key": key}
    found |= {name: getattr(figures, name) for name in SIZES if getattr(figures, name) is not None}
    if figures.seconds is not None:
        found["seconds"] = [figures.seconds.low, figures.seconds.mid, figures.seconds.high]
    return found
