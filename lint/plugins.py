"""What installed packages add: entry points `dlint.rules` are modules with rules, `dlint.tools` packages with TOML files."""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

RULES, TOOLS = "dlint.rules", "dlint.tools"


class PluginError(Exception):
    """A plug-in that cannot be loaded, or that brings what is there already; the message names it."""


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
    """Whether any package on the path names something for us; to load what reads entry points takes longer than to look."""
    for folder in sys.path:
        try:
            names = os.listdir(folder or ".")  # noqa: PTH208 - as quick as can be
        except OSError:
            # an archive, perhaps, which is for the library to read
            if folder and os.path.isfile(folder):  # noqa: PTH113
                return True
            continue
        for name in names:
            if name.endswith((".dist-info", ".egg-info")) and _names_us(os.path.join(folder, name, "entry_points.txt")):  # noqa: PTH118
                return True
    return False


def _names_us(path: str) -> bool:
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            return b"[dlint." in file.read()
    except OSError:
        return False
