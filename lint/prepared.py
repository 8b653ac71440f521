"""What is worked out of this program's own files and kept between runs, as that takes most of the time of a small one."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from msgspec import Raw, Struct
from msgspec.json import decode, encode

from . import installation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from mmap import mmap
    from pathlib import Path

# How zlib is told that there is a gzip header.
GZIP = 31

T = TypeVar("T")


class _Kept(Struct):
    """What is kept, and of which state of things it was made."""

    of: str
    value: Raw


def prepared(name: str, make: Callable[[], T], kind: type[T], of: object = None) -> T:
    """What `make` gives, which JSON must be able to hold: made anew when a file of this program has changed, or what it is `of`.

    Where nothing can be kept it is made each time; what `make` raises is not kept.
    """
    from .store import folder

    path = folder() / f"{name}.json"
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
    import zlib

    from .store import folder

    found = packed.stat()
    name = packed.name.partition(".")[0]
    path = folder() / f"{name}-{found.st_size}-{found.st_mtime_ns}.tsv"
    with suppress(OSError, ValueError):
        kept = _mapped(path, packed)
        if kept is not None:
            return kept
    data = zlib.decompress(packed.read_bytes(), wbits=GZIP)
    for old in folder().glob(f"{name}-*.tsv"):
        with suppress(OSError):
            old.unlink()
    _keep(path, data)
    return data


def clear() -> None:
    """Forget all."""
    for path in files():
        with suppress(OSError):
            path.unlink()


def files() -> Iterator[Path]:
    """What is kept."""
    from .store import folder

    for pattern in ("*.json", "*.tsv"):
        yield from folder().glob(pattern)


def _mapped(path: Path, packed: Path) -> mmap | None:
    """A kept file, if it is as long as the last four bytes of a gzip file say that it was (RFC 1952)."""
    from mmap import ACCESS_READ, mmap

    with packed.open("rb") as file:
        file.seek(-4, os.SEEK_END)
        length = int.from_bytes(file.read(), "little")
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
