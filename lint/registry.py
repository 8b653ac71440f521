"""Finds the rules: every module of `dockerlint.rules`, and those of plug-ins."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import TYPE_CHECKING

from . import plugins
from .rule import Rule

if TYPE_CHECKING:
    from types import ModuleType

RULES = "dockerlint.rules"


@cache
def rules() -> tuple[Rule, ...]:
    """All rules, in the order of their codes.

    Raises PluginError when a plug-in does not load or two rules have one code.
    """
    found: dict[str, Rule] = {}
    for module in (*_own(), *(module for _, module in plugins.modules(plugins.RULES))):
        for item in vars(module).values():
            if not isinstance(item, Rule):
                continue
            known = found.setdefault(item.code, item)
            if known is not item:
                raise plugins.PluginError(f"two rules have the code {item.code}: {known.name} and {item.name}")
    return tuple(sorted(found.values(), key=lambda item: item.code))


def find(query: str) -> Rule | None:
    """The rule of a code, a name or an alias, whatever their case."""
    wanted = query.casefold()
    for item in rules():
        if wanted in {name.casefold() for name in (item.code, item.name, *item.aliases)}:
            return item
    return None


def _own() -> list[ModuleType]:
    package = importlib.import_module(RULES)
    return [importlib.import_module(f"{RULES}.{info.name}") for info in pkgutil.iter_modules(package.__path__)]
