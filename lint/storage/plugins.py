"""What installed packages add: entry points `dlint.rules` are modules with rules, `dlint.tools` packages with TOML files."""

from __future__ import annotations

import os
import sys
import time
from functools import cache
from typing import TYPE_CHECKING

from .errors import PluginError
from .prepared import prepared

if TYPE_CHECKING:
    from types import ModuleType

RULES, TOOLS = "dlint.rules", "dlint.tools"
# Seconds for which an installer may still be at work in a folder that has changed.
SETTLED = 60


@cache
def modules(group: str) -> tuple[tuple[str, ModuleType], ...]:
    """The modules that installed packages name in a group, each with its name in messages.

    Raises PluginError when one does not load.
    """
    if not _are_there():
        return ()
    from importlib.metadata import entry_points

    found = []
    for entry in entry_points(group=group):
        name = f"the plug-in {entry.name} ({entry.value})"
        try:
            found.append((name, entry.load()))
        except Exception as error:
            raise PluginError(f"{name} does not load: {error}") from error
    return tuple(found)


@cache
def _are_there() -> bool:
    """Whether any package on the path names something for us; to load what reads entry points takes longer than to look.

    Kept until a folder of the path changes, as it does whenever a package is installed there or goes.
    """
    folders = {folder or ".": _changed(folder or ".") for folder in sys.path}

    def look() -> bool:
        return any(map(_has_some, folders))

    is_settled = max(folders.values(), default=0) < (time.time() - SETTLED) * 1e9
    return prepared("plugins", look, bool, folders) if is_settled else look()


def _changed(folder: str) -> int:
    """When an entry of a folder came or went last, in nanoseconds; 0 when there is no such folder."""
    try:
        return os.stat(folder).st_mtime_ns  # noqa: PTH116 - as quick as can be
    except OSError:
        return 0


def _has_some(folder: str) -> bool:
    try:
        names = os.listdir(folder)  # noqa: PTH208
    except OSError:
        # an archive, perhaps, which is for the library to read
        return os.path.isfile(folder)  # noqa: PTH113
    packages = (name for name in names if name.endswith((".dist-info", ".egg-info")))
    return any(_names_us(os.path.join(folder, name, "entry_points.txt")) for name in packages)  # noqa: PTH118


def _names_us(path: str) -> bool:
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            return b"[dlint." in file.read()
    except OSError:
        return False
