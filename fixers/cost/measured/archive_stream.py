"""Bytes that are read once, from first to last: packed or not, counted, and never too many at a time."""

from __future__ import annotations

import gzip
import hashlib
from typing import IO, TYPE_CHECKING

from .measured_row import MeasuredError

if TYPE_CHECKING:
    from typing import Protocol

    class Readable(Protocol):
        """Whatever gives bytes."""

        def read(self, size: int, /) -> bytes:
            """At most `size` bytes, none at the end."""


GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
CHUNK = 1 << 18
# Header fields of a tar member, its name above all, are read at once; no name is longer than this.
MOST_AT_ONCE = 1 << 24
# What zstd's command line unpacks without being asked for more memory.
WINDOW = 1 << 27
# Of what is packed so much is unpacked in any case, and then so many bytes for each packed one: layers have a few for each.
UNPACKED_ANYWAY = 2 << 30
MOST_FOR_EACH = 200


class Stream:
    """A file that can only go forward. `tarfile` may seek in it, as far as that means to skip bytes.

    `most` is how many bytes there may be, `packed` the stream of which this is what is in it. Raises MeasuredError, with
    `name`, where there are more bytes, or more than packed ones can stand for.
    """

    def __init__(self, source: Readable, name: str, most: int, *, hashed: bool = False, packed: Stream | None = None) -> None:
        self._source = source
        self._name = name
        self._most = most
        self._packed = packed
        self._at = 0
        self._ahead = b""
        self._hash = hashlib.sha256() if hashed else None

    def peek(self, size: int) -> bytes:
        """The next bytes, fewer at the end."""
        while len(self._ahead) < size:
            more = self._source.read(CHUNK)
            if not more:
                break
            self._ahead += more
        return self._ahead[:size]

    def read(self, size: int = CHUNK) -> bytes:
        """The next bytes; fewer only at the end."""
        if size > MOST_AT_ONCE:
            raise MeasuredError(f"{self._name}: the archive has a header of {size:,} bytes, which is not plausible")
        parts = [self._take(size)]
        size -= len(parts[0])
        while size > 0 and (part := self._take(size)):
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _take(self, size: int) -> bytes:
        if self._ahead:
            found, self._ahead = self._ahead[:size], self._ahead[size:]
        else:
            found = self._source.read(min(size, CHUNK))
        self._at += len(found)
        if self._at > self._most:
            raise MeasuredError(f"{self._name}: there is more in the archive than {self._most:,} bytes; dlint does not read it")
        if self._packed is not None and self._at > UNPACKED_ANYWAY + MOST_FOR_EACH * self._packed.tell():
            raise MeasuredError(f"{self._name}: {self._packed.tell():,} bytes of it unpack to over {self._at:,}; dlint does not read it")
        if self._hash is not None:
            self._hash.update(found)
        return found

    def tell(self) -> int:
        """How many bytes were read."""
        return self._at

    def seek(self, position: int) -> int:
        """Skips to a place further on; at the end there is nothing to skip."""
        if position < self._at:
            raise MeasuredError(f"{self._name}: the archive is damaged: its parts overlap")
        while self._at < position and self._take(min(position - self._at, CHUNK)):
            pass
        return self._at

    def finish(self) -> str:
        """Reads what is left; gives the digest of all of it in hexadecimal, empty when that was not asked for."""
        while self._take(CHUNK):
            pass
        return self._hash.hexdigest() if self._hash is not None else ""


def unpacked(stream: Stream, name: str) -> Readable | None:
    """What is in a stream that is packed with gzip or zstd; None when it is not packed.

    Raises MeasuredError when there is nothing here to unpack it with.
    """
    head = stream.peek(4)
    if head.startswith(GZIP):
        return gzip.GzipFile(fileobj=_file(stream), mode="rb")
    if not head.startswith(ZSTD):
        return None
    try:
        import zstandard
    except ImportError as error:
        raise MeasuredError(
            f"{name}: a layer is packed with zstd; `pip install 'dockerlint[zstd]'` installs what reads it"
        ) from error
    return zstandard.ZstdDecompressor(max_window_size=WINDOW).stream_reader(_file(stream), read_across_frames=True)


def failures() -> tuple[type[Exception], ...]:
    """What libraries raise about bytes that are damaged or cut off."""
    import tarfile
    import zlib

    found: tuple[type[Exception], ...] = (
        tarfile.TarError,
        zlib.error,
        EOFError,
        OSError,
        ValueError,
        OverflowError,
        RecursionError,
        MemoryError,
    )
    try:
        import zstandard
    except ImportError:
        return found
    return (*found, zstandard.ZstdError)


def _file(stream: Stream) -> IO[bytes]:
    return stream  # type: ignore[return-value]
