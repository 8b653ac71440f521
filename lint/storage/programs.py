"""Other programs that are called: where they are."""

from __future__ import annotations

import os
import sys


def find(name: str) -> str | None:
    """The program beside this Python, else on the path; None when there is none."""
    folders = (os.path.dirname(sys.executable), *os.get_exec_path())  # noqa: PTH120 - as quick as can be
    if os.name != "nt":
        return next((path for path in (os.path.join(folder, name) for folder in folders) if _runs(path)), None)  # noqa: PTH118
    import shutil

    return shutil.which(name, path=os.pathsep.join(folders))


def state(name: str) -> tuple[str, int, int] | None:
    """Path, size and time of a program, which change when it does; None when there is none."""
    path = find(name)
    if path is None:
        return None
    found = os.stat(path)  # noqa: PTH116 - a path that was just found
    return path, found.st_size, found.st_mtime_ns


def _runs(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)  # noqa: PTH113
