"""How the work of the catalogue's tools is put together from figures, read from `data/recipes.toml`."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from dockerlint.lint.catalogue import tables
from dockerlint.lint.catalogue.tool import catalogue

DATA = "fixers/cost/data/recipes.toml"
Kind = TypeVar("Kind", bound=Struct)


class Compile(Struct, frozen=True):
    """How long a tool compiles, and what that leaves; names of figures.

    `of_install` are subcommands that the catalogue takes for installs and that compile; `dependencies_by` of them, the
    dependencies only, `tools_by` a program from the registry. `dependencies` and `dependencies_adds` are for each package,
    `line` for each line of the files that end with one of `sources`; `project` and `project_adds` are for the project as a whole. `into` is
    the folder of results, `output` the option that moves it. `scripts` is the manifest that says what the build runs.
    """

    project: str = ""
    project_adds: str = ""
    into: str = ""
    line: str = ""
    sources: tuple[str, ...] = ()
    dependencies: str = ""
    dependencies_adds: str = ""
    of_install: tuple[str, ...] = ()
    dependencies_by: tuple[str, ...] = ()
    tools_by: tuple[str, ...] = ()
    tools_into: str = ""
    tools_adds: str = ""
    output: tuple[str, ...] = ()
    scripts: str = ""


class Effect(Struct, frozen=True):
    """What a command that is no tool does, by names of figures; `each` says that they are for every operand.

    `line` is for each line of the files that end with one of `sources`; the value of one of `output` says where results go.
    """

    commands: tuple[str, ...]
    adds: str = ""
    seconds: str = ""
    download: str = ""
    line: str = ""
    sources: tuple[str, ...] = ()
    output: tuple[str, ...] = ()
    each: bool = False


class WorkRecipe(Struct, frozen=True):
    """What the cost model knows of a tool; the fields are those of `recipes.toml`, names of figures those of `managers.toml`.
    """

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
    go: str = ""
    compile_of_packages: str = ""
    project_packages: str = ""
    upgrade: str = ""
    compile: Compile | None = None
    production: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    elsewhere_into: str = ""


class RecipeCommands(Struct, frozen=True):
    """Commands that are no tools of the catalogue, by what they do: next to nothing, look something up, compile ...

    A name may stand with its first operand. `wrap` are other names of the catalogue's tools.
    """

    small: frozenset[str]
    small_subcommands: frozenset[str]
    settled: frozenset[str]
    interpreted: frozenset[str]
    configure: frozenset[str]
    archive: frozenset[str]
    fetch: frozenset[str]
    launchers: frozenset[str]
    shells: frozenset[str]
    compile: frozenset[str]
    wrap: dict[str, str]


def recipe(tool: str) -> WorkRecipe | None:
    """The recipe of a tool by the catalogue's name; None when there is none."""
    return _recipes().get(tool)


@cache
def commands() -> RecipeCommands:
    """The commands that the model knows besides the catalogue."""
    data = _data()["commands"]
    lists = {name: frozenset(value) for name, value in data.items() if isinstance(value, list)}
    return RecipeCommands(**lists, wrap=data["wrap"])


@cache
def downloads() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Endings of the names of small files and of archives that are downloaded."""
    data = _data()["downloads"]
    return tuple(data["small"]), tuple(data["archives"])


@cache
def effects() -> dict[str, Effect]:
    """What commands do that are no tools, by their name, or by that and their first operand."""
    found = (_struct(Effect, entry) for entry in _data()["effects"])
    return {name: effect for effect in found for name in effect.commands}


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
def _recipes() -> dict[str, WorkRecipe]:
    return {name: _recipe(entry) for name, entry in _data()["tools"].items()}


def _recipe(entry: dict[str, Any]) -> WorkRecipe:
    rest = {name: value for name, value in entry.items() if name != "compile"}
    compiling = _struct(Compile, entry["compile"]) if "compile" in entry else None
    return replace(_struct(WorkRecipe, rest), compile=compiling)


def _struct(kind: type[Kind], entry: dict[str, Any]) -> Kind:
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()})


@cache
def _data() -> dict[str, Any]:
    return tables.table(DATA)
