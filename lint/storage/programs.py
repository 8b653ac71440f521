"""Other programs that are called: where they are."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def find(name: str) -> str | None:
    """The program beside this Python, else on PATH; None when there is none.

    Never one of the current folder, which is somebody else's: not by `.` or nothing in PATH, nor as Windows looks there first
    (shutil.which does as Windows).
    """
    for folder in (str(Path(sys.executable).parent), *os.get_exec_path()):
        for ending in _endings(name):
            path = os.path.join(folder, name + ending)  # noqa: PTH118
            if os.path.isabs(folder) and os.path.isfile(path) and os.access(path, os.X_OK):  # noqa: PTH113, PTH117
                return path
    return None


def _endings(name: str) -> list[str]:
    """What a program's name may end with, as Windows has it in PATHEXT."""
    if os.name != "nt":
        return [""]
    known = [ending for ending in os.environ.get("PATHEXT", ".COM;.EXE;.BAT;.CMD").split(";") if ending]
    return [""] if name.lower().endswith(tuple(ending.lower() for ending in known)) else known


def state(name: str) -> tuple[str, int, int] | None:
    """Path, size and time of a program, which change when it does; None when there is none."""
    path = find(name)
    if path is None:
        return None
    found = Path(path).stat()
    return path, found.st_size, found.st_mtime_ns
