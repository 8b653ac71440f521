"""What is worked out of this program's own files and kept between runs, as that takes most of the time of a small one.

A wheel brings it: hatch_build.py has it made when the wheel is built. A checkout makes it at its first run.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from msgspec import Raw, Struct
from msgspec.json import decode, encode

from . import installation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from mmap import mmap

# What a wheel brings.
SHIPPED = Path(installation.TOP, "lint", "storage", "prepared")
# How zlib is told that there is a gzip header.
GZIP = 31
# Two months.
MOST_SECONDS = 60 * 86_400

T = TypeVar("T")


class _Kept(Struct):
    """What is kept, and of which state of things it was made."""

    of: str
    value: Raw


def prepared(name: str, make: Callable[[], T], kind: type[T], of: object = None) -> T:
    """What `make` gives, which JSON must be able to hold: made anew when a file of this program has changed, or what it is `of`.

    Where nothing can be kept it is made each time; what `make` raises is not kept. What is of this program's files alone may have
    been shipped.
    """
    if of is None:
        with suppress(OSError, ValueError):
            return decode((SHIPPED / f"{name}.json").read_bytes(), type=kind)
    from .sqlite_store import folder

    path = folder() / f"{name}-{installation.PLACE}.json"
    state = installation.state() if of is None else f"{installation.state()} {of!a}"
    # ValueError: msgspec's errors are such
    with suppress(OSError, ValueError, RecursionError):
        kept = decode(path.read_bytes(), type=_Kept)
        if kept.of == state:
            return decode(kept.value, type=kind)
    value = make()
    _keep(path, encode(_Kept(state, Raw(encode(value)))))
    return value


def unpacked(packed: Path) -> bytes | mmap:
    """What a gzip file of this program holds, kept unpacked: of a mapped file only what is looked at gets read."""
    from .sqlite_store import folder

    trailer = _trailer(packed)
    path = folder() / f"{packed.name.partition('.')[0]}-{trailer.hex()}.tsv"
    with suppress(OSError, ValueError):
        kept = _mapped(path, int.from_bytes(trailer[4:], "little"))
        if kept is not None:
            return kept
    import zlib

    data = zlib.decompress(packed.read_bytes(), wbits=GZIP)
    _keep(path, data)
    return data


def clear() -> None:
    """Forget all."""
    for path in files():
        with suppress(OSError):
            path.unlink()


def files() -> Iterator[Path]:
    """What is kept."""
    from .sqlite_store import folder

    for pattern in ("*.json", "*.tsv"):
        yield from folder().glob(pattern)


def _trailer(packed: Path) -> bytes:
    """The checksum and the length of what a gzip file holds, of four bytes each (RFC 1952)."""
    with packed.open("rb") as file:
        file.seek(-8, os.SEEK_END)
        return file.read()


def _mapped(path: Path, length: int) -> mmap | None:
    """A kept file, if it is as long as it should be."""
    from mmap import ACCESS_READ, mmap

    with path.open("rb") as file:
        return mmap(file.fileno(), 0, access=ACCESS_READ) if os.fstat(file.fileno()).st_size == length else None


def _keep(path: Path, data: bytes) -> None:
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # another run may read it meanwhile
        made = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            made.write_bytes(data)
            made.replace(path)
        finally:
            made.unlink(missing_ok=True)
        _forget_old()


def _forget_old() -> None:
    """What other versions left, and installations that are gone; one that is not makes its own anew."""
    long_ago = time.time() - MOST_SECONDS
    for path in files():
        with suppress(OSError):
            if path.stat().st_mtime < long_ago:
                path.unlink()
