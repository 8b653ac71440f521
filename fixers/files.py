"""Writes a fixed file so that it is never lost: at any moment the old or the new text is there, whole."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path


class WriteError(Exception):
    """The file was not written; the message says why."""


def write(path: Path, text: bytes, expected: bytes) -> None:
    """Puts `text` in the place of `expected`, with the file's mode and owner; a link's target is written, not the link.

    Raises WriteError when the file cannot be written or does not hold `expected` any more.
    """
    try:
        real = path.resolve(strict=True)
        before = real.stat()
        if not os.access(real, os.W_OK):
            raise WriteError(f"{path}: the file is read-only; nothing was written")
        temporary = _beside(real, text, before)
        try:
            if real.read_bytes() != expected:
                raise WriteError(f"{path}: the file has changed since it was read; nothing was written")
            temporary.replace(real)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    # RuntimeError: a loop of links
    except (OSError, RuntimeError) as error:
        raise WriteError(f"{path}: {getattr(error, 'strerror', None) or error}; nothing was written") from error
    # the new text is in its place; a file system that cannot sync folders does not change that
    with suppress(OSError):
        _sync_folder(real.parent)


def _beside(real: Path, text: bytes, like: os.stat_result) -> Path:
    """A synced file with the text in the same folder, with the mode and, where allowed, the owner of the old one."""
    handle, name = tempfile.mkstemp(prefix=f".{real.name}.", suffix=".dlint", dir=real.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        made = temporary.stat()
        if (like.st_uid, like.st_gid) != (made.st_uid, made.st_gid):
            os.chown(temporary, like.st_uid, like.st_gid)
        temporary.chmod(stat.S_IMODE(like.st_mode))
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
