"""Writes files so that none is lost: at any moment the old or the new text is there, whole."""

from __future__ import annotations

import os
import stat
import time
from contextlib import contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from .lazy_regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

# Our files that are not yet in their place, with the number of the process that writes them.
OURS = regex(r"\..+\.(\d{1,7})(?:\.[a-z0-9_]{8})?\.dlint")
# So much of a file's name is in theirs: a name may have 255 bytes, and a character four.
MOST_NAME = 50
# No process takes so long to write a file, in seconds: the number is another one's by now.
LONG_AGO = 3600


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
        _clear(real.parent)
        with _beside(real) as temporary:
            _make(temporary, text, before)
            if real.read_bytes() != expected:
                raise WriteError(f"{path}: the file has changed since it was read; nothing was written")
            temporary.replace(real)
    # RuntimeError: a loop of links
    except (OSError, RuntimeError) as error:
        raise WriteError(f"{path}: {getattr(error, 'strerror', None) or error}; nothing was written") from error
    # the new text is in its place; a file system that cannot sync folders does not change that
    with suppress(OSError):
        _sync_folder(real.parent)


def put(path: Path, text: bytes) -> None:
    """Puts a report into a file, a new one or in the place of an older one, of which the mode and the owner stay.

    Raises WriteError when that is not possible; what was there is then still there.
    """
    try:
        real = path.resolve()
        if real.exists() and not real.is_file():
            real.write_bytes(text)  # a pipe, a terminal; of a folder, an error
            return
        before = real.stat() if real.exists() else None
        if before and not os.access(real, os.W_OK):
            raise WriteError(f"{path}: the file is read-only; nothing was written")
        with _beside(real) as temporary:
            _make(temporary, text, before)
            temporary.replace(real)
    except (OSError, RuntimeError) as error:
        raise WriteError(f"{path}: {getattr(error, 'strerror', None) or error}; nothing was written") from error


@contextmanager
def _beside(real: Path) -> Iterator[Path]:
    """A name for a file in the same folder, which is taken away when what is done with it fails or is interrupted."""
    # known before there is a file, so that there is no moment at which nobody would take it away
    temporary = real.with_name(f".{real.name[:MOST_NAME]}.{os.getpid()}.{os.urandom(4).hex()}.dlint")
    try:
        yield temporary
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _make(temporary: Path, text: bytes, like: os.stat_result | None) -> None:
    """A new file with the text, synced; with the mode and, where allowed, the owner of another one, else as new files are."""
    with open(temporary, "xb", opener=partial(os.open, mode=0o600 if like else 0o666)) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    if like is None:
        return
    made = temporary.stat()
    if (like.st_uid, like.st_gid) != (made.st_uid, made.st_gid):
        os.chown(temporary, like.st_uid, like.st_gid)
    temporary.chmod(stat.S_IMODE(like.st_mode))


@cache
def _clear(folder: Path) -> None:
    """Takes away what processes left in a folder that were killed as they wrote."""
    if os.name != "posix":
        # to ask for a process may end it there
        return
    with suppress(OSError):
        for entry in list(os.scandir(folder)):
            found = OURS.fullmatch(entry.name)
            if not found or not entry.is_file(follow_symlinks=False):
                continue
            is_old = time.time() - entry.stat(follow_symlinks=False).st_mtime > LONG_AGO
            if is_old or not _is_alive(int(found[1])):
                Path(entry.path).unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    """Whether there is a process of a number that still runs: not one that ended and whose parent has not asked for it yet."""
    with suppress(OSError, IndexError):
        # Linux: the state stands behind the name, which may hold anything
        return Path(f"/proc/{process}/stat").read_bytes().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        # somebody else's
        return True
    return True


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
