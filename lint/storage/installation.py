"""This program's own files: what is made of them is good for as long as they stay as they are."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from .checksum import checksum

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDERS = ("lint", "rules", "fixers")
TOP = str(Path(__file__).absolute().parents[2])

# Which of the installations this is that may share a cache folder.
PLACE = checksum(os.fsencode(TOP), 4).hex()


@cache
def state() -> str:
    """A text that changes when one of the files does, as size and time tell, or when another Python runs them.

    What an installer has put here is as its record says, which each installation writes anew.
    """
    lines = _record() or sorted(line for folder in FOLDERS for line in _files(os.path.join(TOP, folder)))  # noqa: PTH118
    text = "".join(lines).encode("utf-8", "surrogateescape")
    return f"{sys.hexversion:x}-{checksum(text, 12).hex()}"


def _record() -> list[str]:
    """The state of the record of an installation; nothing for a checkout. Source: "Recording installed projects", PyPA."""
    site, package = os.path.split(TOP)
    folders = (name for name in os.listdir(site) if name.startswith(f"{package}-") and name.endswith(".dist-info"))  # noqa: PTH208
    records = (os.path.join(site, name, "RECORD") for name in folders)  # noqa: PTH118
    return [_line(path, os.stat(path)) for path in records if os.path.isfile(path)]  # noqa: PTH113, PTH116


def _files(folder: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name == "__pycache__":
                continue
            if entry.is_dir():
                yield from _files(entry.path)
            else:
                yield _line(entry.path, entry.stat())


def _line(path: str, found: os.stat_result) -> str:
    return f"{path}\0{found.st_size}\0{found.st_mtime_ns}\n"
