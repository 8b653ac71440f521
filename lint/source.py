"""Bytes to text and back: every byte of a file survives, also those that are no UTF-8."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

STDIN = "-"
UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")


class SourceError(Exception):
    """A file that cannot be read; the message is a sentence that names it."""


@dataclass(frozen=True, slots=True)
class Source:
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

    Raises SourceError when there is none, it cannot be read, or it is no text.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {reason(error)}") from error
    return _source(str(path), data)


def read_stdin() -> Source:
    """Read standard input to its end.

    Raises SourceError when it is no text.
    """
    return _source(STDIN, sys.stdin.buffer.read())


def reason(error: OSError) -> str:
    """Why a system call failed, in lower case and without the path."""
    return (error.strerror or str(error)).lower()


def _source(path: str, data: bytes) -> Source:
    shown = "standard input" if path == STDIN else path
    if data.startswith(UTF16_BOMS):
        raise SourceError(f"{shown}: this is UTF-16; the builder reads UTF-8, so save it as that")
    if b"\0" in data:
        raise SourceError(
            f"{shown}: this is a binary file (there is a NUL byte at offset {data.index(0)}), not a Dockerfile"
        )
    return Source(path, data, decode(data))
