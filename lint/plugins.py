"""What installed packages add: entry points `dlint.rules` are modules with rules, `dlint.tools` packages with TOML files."""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points
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
    found = []
    for entry in entry_points(group=group):
        name = f"the plug-in {entry.name} ({entry.value})"
        try:
            found.append((name, entry.load()))
        except Exception as error:
            raise PluginError(f"{name} does not load: {error}") from error
    return tuple(found)
