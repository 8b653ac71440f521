"""Finds the rules: every module of `dockerlint.rules`, and those of plug-ins.

What the rules are called is kept between runs, so that a run loads only those that its files need.
"""

from __future__ import annotations

import importlib
from functools import cache
from typing import TYPE_CHECKING, Any

from dockerlint.lint.storage import plugins
from dockerlint.lint.storage.errors import PluginError
from dockerlint.lint.storage.prepared import prepared

from .findings import Severity
from .rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile

    from .findings import Finding

RULES = "dockerlint.rules"
# By this name they are kept.
ROWS = "rules"


@cache
def rules() -> tuple[Rule, ...]:
    """All rules, in the order of their codes.

    Raises PluginError when a plug-in does not load or two rules have one code.
    """
    found = {item.code: item for item in (_named(*row) for row in prepared(ROWS, rows, list[list[Any]]))}
    for _, module in plugins.modules(plugins.RULES):
        for item in rules_in(module):
            known = found.setdefault(item.code, item)
            if known is not item and item is not _own().get(item.code):
                raise PluginError(f"two rules have the code {item.code}: {known.name} and {item.name}")
    return tuple(sorted(found.values(), key=lambda item: item.code))


def find(query: str) -> Rule | None:
    """The rule of a code, a name or an alias, whatever their case."""
    wanted = query.casefold()
    for item in rules():
        if wanted in {name.casefold() for name in (item.code, item.name, *item.aliases)}:
            return item
    return None


def rules_in(module: ModuleType) -> Iterator[Rule]:
    """The rules that a module defines, one by one or as families."""
    for item in vars(module).values():
        for rule in item if isinstance(item, tuple) else (item,):
            if isinstance(rule, Rule):
                yield rule


def rows() -> list[list[Any]]:
    """What is kept of each of our rules: the module it is in and what it is called."""
    return [
        [module, item.code, item.name, item.severity.value, item.aliases, item.recommended, item.needs, _level(item)]
        for module, item in _loaded()
    ]


def _level(item: Rule) -> str | None:
    return item.hadolint_severity.value if item.hadolint_severity else None


def _named(
    module: str, code: str, name: str, severity: str, aliases: list[str], recommended: bool, needs: list[str], hadolint_severity: str | None
) -> Rule:
    """A rule whose module is loaded when it is first of use."""

    @cache
    def own() -> Rule:
        return _made(module)[code]

    def check(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
        return own().check(doc, facts)

    check.__module__ = module

    def document() -> str:
        return own().documentation

    return Rule(code, name, Severity(severity), tuple(aliases), recommended, check, document, tuple(needs), Severity(hadolint_severity) if hadolint_severity else None)


@cache
def _made(module: str) -> dict[str, Rule]:
    """The rules of a module by their codes."""
    return {item.code: item for item in rules_in(importlib.import_module(module))}


def _own() -> dict[str, Rule]:
    return {item.code: item for _, item in _loaded()}


def _loaded() -> Iterator[tuple[str, Rule]]:
    """Our rules, all loaded, each with its module."""
    import pkgutil

    package = importlib.import_module(RULES)
    for info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{RULES}.{info.name}")
        for item in rules_in(module):
            yield module.__name__, item
