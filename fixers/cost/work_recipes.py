"""How the work of the catalogue's tools is put together from figures, read from `data/recipes.toml`."""

from __future__ import annotations

from functools import cache
from typing import Any

from msgspec import Struct, field

from dockerlint.lint.catalogue import tables
from dockerlint.lint.catalogue.tool import catalogue

DATA = "fixers/cost/data/recipes.toml"


class Recipe(Struct, frozen=True):
    """What the cost model knows of a tool; the fields are those of `recipes.toml`, names of figures those of `managers.toml`."""

    kind: str
    family: str = ""
    install: str = ""
    install_per_package: str = ""
    keep_downloads: str = ""
    lists: str = ""
    lists_download: str = ""
    lists_by_distribution: tuple[str, ...] = ()
    lists_of_command: dict[str, str] = field(default_factory=dict)
    lists_seconds: str = ""
    lists_on: tuple[str, ...] = ()
    lists_with: tuple[str, ...] = ()
    lists_not_with: tuple[str, ...] = ()
    removal: str = ""
    keeps_downloads: bool = False
    orphans_stay: bool = False
    orphans_go_with: tuple[str, ...] = ()
    orphans_go_by: tuple[str, ...] = ()
    packages: str = ""
    base: str = ""
    installed: str = ""
    closure: str = ""
    start: str = ""
    seconds: str = ""
    warm: str = ""
    per_megabyte: str = ""
    cache: str = ""
    download: str = ""
    files: tuple[str, ...] = ()
    files_with: tuple[str, ...] = ()
    into: str = ""
    into_cache: bool = False
    build: str = ""
    production: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    elsewhere_into: str = ""


class Commands(Struct, frozen=True):
    """Commands that are no tools of the catalogue: those that do next to nothing, and those that compile."""

    small: frozenset[str]
    small_subcommands: frozenset[str]
    compile: frozenset[str]


def recipe(tool: str) -> Recipe | None:
    """The recipe of a tool by the catalogue's name; None when there is none."""
    return _recipes().get(tool)


@cache
def commands() -> Commands:
    """The commands that the model knows besides the catalogue."""
    data = _data()["commands"]
    return Commands(*(frozenset(data[name]) for name in ("small", "small_subcommands", "compile")))


@cache
def dependency_files() -> tuple[str, ...]:
    """Patterns of the names of files that say which packages a project needs: the catalogue's, and some more."""
    data = _data()["dependency"]
    known = {name for tool in catalogue() for name in tool.manifests if "/" not in name}
    locks = {lock.file for tool in catalogue() for lock in tool.locks}
    return tuple(sorted((known | locks | set(data["files"])) - set(data["not"])))


@cache
def brought(tools: frozenset[str]) -> frozenset[str]:
    """The names of Debian packages that an image with these tools holds."""
    table = _data()["present"]
    return frozenset(name for tool in tools for name in table.get(tool, ()))


@cache
def _recipes() -> dict[str, Recipe]:
    return {name: _recipe(entry) for name, entry in _data()["tools"].items()}


def _recipe(entry: dict[str, Any]) -> Recipe:
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()}
    return Recipe(**values)


@cache
def _data() -> dict[str, Any]:
    return tables.table(DATA)
