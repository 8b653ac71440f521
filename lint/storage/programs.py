"""Other programs that are called: where they are."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path


def find(name: str) -> str | None:
    """The program beside this Python, else on PATH; None when there is none."""
    folders = os.pathsep.join([str(Path(sys.executable).parent), *os.get_exec_path()])
    return shutil.which(name, path=folders)


def state(name: str) -> tuple[str, int, int] | None:
    """Path, size and time of a program, which change when it does; None when there is none."""
    path = find(name)
    if path is None:
        return None
    found = Path(path).stat()
    return path, found.st_size, found.st_mtime_ns
