"""What lies outside of a folder or a repository: links and paths of somebody else's files must not lead there."""

from __future__ import annotations

import os
from pathlib import Path

GIT = ".git"


def repository(folder: str) -> str:
    """The nearest folder upwards that is a git repository; the folder itself where there is none. Without links."""
    here = real = os.path.realpath(folder)
    while not os.path.exists(os.path.join(here, GIT)):  # noqa: PTH110, PTH118
        above = os.path.dirname(here)  # noqa: PTH120
        if above == here:
            return real
        here = above
    return here


def leads_out(path: str, top: str) -> bool:
    """Whether a path, with all links followed, is not below a folder, or is in what git keeps there for itself."""
    try:
        inner = Path(os.path.relpath(os.path.realpath(path), os.path.realpath(top))).parts
    except ValueError:
        # another drive of Windows
        return True
    return inner[:1] == (os.pardir,) or GIT in inner


def is_link_out(path: str) -> bool:
    """Whether a file is a link that leads out of the repository in which it lies, or of its folder where that is in none."""
    return os.path.islink(path) and leads_out(path, repository(os.path.dirname(path)))  # noqa: PTH114, PTH120
