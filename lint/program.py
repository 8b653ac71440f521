"""Other programs that are called: where they are."""

from __future__ import annotations

import os
import shutil
import sysconfig


def find(name: str) -> str | None:
    """The program beside this Python, else on the path; None when there is none."""
    return shutil.which(name, path=sysconfig.get_path("scripts")) or shutil.which(name)


def state(name: str) -> tuple[str, int, int] | None:
    """Path, size and time of a program, which change when it does; None when there is none."""
    path = find(name)
    if path is None:
        return None
    found = os.stat(path)  # noqa: PTH116 - a path that was just found
    return path, found.st_size, found.st_mtime_ns
