"""Bytes to text and back: every byte of a file survives, also those that are no UTF-8."""

from __future__ import annotations

import errno
import os
import stat
import sys
from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.lint.storage.errors import SourceError

if TYPE_CHECKING:
    from pathlib import Path

STDIN = "-"
# BuildKit gets a Dockerfile in one message, and takes none that is longer.
# Source: containerd/containerd, defaults/defaults.go (DefaultMaxRecvMsgSize).
MOST_BYTES = 16 << 20
# Of a file that lies beside a Dockerfile no more is read.
MOST_BESIDE = 4_000_000
# A configuration file has a few lines. YAML takes four seconds for so much.
MOST_SETTINGS = 1_000_000
# As many links as Linux follows in one path.
MOST_LINKS = 40
UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")


class Source(Struct, frozen=True):
    """A file as it was read. `text` keeps line breaks, byte order mark and, as lone surrogates, bytes not in UTF-8."""

    path: str
    data: bytes
    text: str

    @property
    def stray_byte(self) -> int | None:
        """Offset of the first byte that is no UTF-8."""
        try:
            self.data.decode("utf-8")
        except UnicodeDecodeError as error:
            return error.start
        return None


def decode(data: bytes) -> str:
    """The text of a file's bytes; `encode` gives the same bytes back."""
    return data.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """The bytes of a text that `decode` made, whatever was changed in it since."""
    return text.encode("utf-8", "surrogateescape")


def read(path: Path) -> Source:
    """Read one file.

    Raises SourceError when there is none, it cannot be read, is too large, or is no text.
    """
    try:
        data = contents(path, MOST_BYTES + 1)
    except BlockingIOError as error:
        raise SourceError(f"{path}: cannot be read: this is a pipe that nobody writes to") from error
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {reason(error)}") from error
    return of_bytes(str(path), data)


def read_stdin() -> Source:
    """Read standard input to its end.

    Raises SourceError when it is no text.
    """
    return of_bytes(STDIN, sys.stdin.buffer.read(MOST_BYTES + 1))


def contents(path: Path, most: int) -> bytes:
    """The first `most` bytes of a file.

    Raises OSError; BlockingIOError for a pipe that nobody writes to, which would be waited for for ever.
    """
    if os.name != "posix":
        with path.open("rb") as file:
            return file.read(most)
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        state = os.fstat(descriptor)
        is_pipe = stat.S_ISFIFO(state.st_mode)
        if is_pipe:
            os.set_blocking(descriptor, True)
        # room for all that may be asked for takes longer to make than most files take to read
        data = file.read(min(most, state.st_size + 1)) if state.st_size else b""
        if len(data) > state.st_size or not data:
            # where somebody is about to write, the shell's `<(...)` for one, this waits
            data += file.read(most - len(data))
        if is_pipe and not data:
            raise BlockingIOError
        return data


def whole(path: Path, most: int) -> bytes:
    """All bytes of a file.

    Raises OSError, also when there are more than `most` of them.
    """
    data = contents(path, most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"it has over {most:,} bytes, too many for such a file")
    return data


def is_file(path: Path) -> bool:
    """Whether there is a file; not where its name is too long for one."""
    try:
        return path.is_file()
    except OSError:
        return False


def reason(error: OSError) -> str:
    """Why a system call failed, in lower case and without the path."""
    return (error.strerror or str(error)).lower()


def of_bytes(path: str, data: bytes) -> Source:
    """A file of these bytes. Raises SourceError when they are no text, or too many."""
    shown = "standard input" if path == STDIN else path
    if len(data) > MOST_BYTES:
        raise SourceError(f"{shown}: it has over {MOST_BYTES >> 20} MB, more than a builder takes")
    if data.startswith(UTF16_BOMS):
        raise SourceError(f"{shown}: this is UTF-16: save it as UTF-8, which the builder reads")
    if b"\0" in data:
        raise SourceError(
            f"{shown}: this is a binary file (NUL byte at offset {data.index(0)}), not a Dockerfile"
        )
    return Source(path, data, decode(data))
