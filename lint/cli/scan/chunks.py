"""Items in chunks that stay the same ones when something before or behind them changes."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

from .scan_values import Chunk, File, ScanFailure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .scan_values import Job

# One in so many items ends a chunk, by its name, so that a new file shifts only the chunk that it is in.
ONE_IN = 128
MOST_FILES, MOST_CHARACTERS = 512, 4_000_000


def chunks(job: Job, items: Iterable[File | ScanFailure]) -> Iterator[Chunk]:
    """The items in order, in chunks of about ONE_IN."""
    kept: list[File | ScanFailure] = []
    characters = 0
    for item in items:
        kept.append(item)
        characters += len(item.text) if isinstance(item, File) else 0
        if _ends(item) or len(kept) >= MOST_FILES or characters >= MOST_CHARACTERS:
            yield Chunk.of(job, kept)
            kept, characters = [], 0
    if kept:
        yield Chunk.of(job, kept)


def _ends(item: File | ScanFailure) -> bool:
    return crc32(f"{item.repository}\0{item.path}".encode("utf-8", "surrogateescape")) % ONE_IN == 0
