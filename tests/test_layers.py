"""The rooms of the house: arrows between them point down only, no module is in a circle, and no name has two meanings."""

from __future__ import annotations

import ast
import importlib
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

PACKAGE = "dockerlint"
# From the ground up: a room may use those above it in this list, none below. A package that is not named belongs to the room
# around it, and the modules right in `lint` and `fixers` are rooms of their own: public names at the top, the machinery of a
# rewrite on the ground of `fixers`.
ROOMS = """
lint.storage
lint.syntax
lint.git
lint.context
lint.shell
lint.catalogue
lint.buildfiles
lint.online
lint.shellcheck
lint.analysis
lint.engine
lint.report
lint.settings
fixers.refusal fixers.edits fixers.merge fixers.line_origins fixers.loop
fixers.inputs
fixers.effects
fixers.cost
fixers.cache
fixers.order
fixers.image
fixers.instructions
fixers.multistage
fixers.verify
fixers.rule_testing
lint fixers lint.expansion
rules
lint.cli
""".split("\n")[1:-1]
# The modules that alone may import a library.
DOORS = {"lark": "lint.syntax.grammar", "tree_sitter": "lint.shell.script", "tree_sitter_bash": "lint.shell.script"}


def module_paths() -> dict[str, Path]:
    """Our modules by name, without the package's own."""
    found = {}
    for folder in ("lint", "fixers", "rules"):
        top = Path(importlib.import_module(f"{PACKAGE}.{folder}").__path__[0])
        for path in sorted(top.rglob("*.py")):
            parts = path.relative_to(top).with_suffix("").parts
            found[".".join((folder, *parts)).removesuffix(".__init__")] = path
    return found


def imported(module: str, source: str, *, is_package: bool = False) -> set[str]:
    """All that a module imports, anywhere in it, in full; of `from a import b` both `a` and `a.b`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = f"{PACKAGE}.{module}".split(".")
            above = above[: len(above) - node.level + is_package] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            found.add(base)
            found.update(f"{base}.{alias.name}" for alias in node.names)
    return found


def arrows(sources: Mapping[str, tuple[str, bool]]) -> dict[str, set[str]]:
    """The modules of ours that each module imports: of `from a import b` it is `a.b` where that is a module."""
    return {name: _own(imported(name, text, is_package=is_package), sources) - {name} for name, (text, is_package) in sources.items()}


def _own(names: Iterable[str], modules: Mapping[str, object]) -> set[str]:
    ours = {name.removeprefix(f"{PACKAGE}.") for name in names if name.startswith(f"{PACKAGE}.")} & set(modules)
    # who imports a module of a package imports that module, not what else the package has to say
    return {name for name in ours if not any(other.startswith(f"{name}.") for other in ours)}


def level(module: str) -> int:
    """The place of a module's room in ROOMS: of the longest name that it is or lies in."""
    names = [(name, at) for at, line in enumerate(ROOMS) for name in line.split()]
    lying = [(len(name), at) for name, at in names if module == name or (module.startswith(f"{name}.") and name not in ("lint", "fixers"))]
    if not lying:
        raise KeyError(module)
    return max(lying)[1]


def upward(graph: Mapping[str, set[str]]) -> list[str]:
    return [f"{one} imports {other}" for one in sorted(graph) for other in sorted(graph[one]) if level(other) > level(one)]


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """The groups of modules of which each leads back to itself."""
    reached = {name: _reached(graph, name) for name in graph}
    groups = {tuple(sorted(other for other in reached[name] if name in reached[other])) for name in graph if name in reached[name]}
    return sorted(map(list, groups))


def _reached(graph: Mapping[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    rest = [start]
    while rest:
        new = graph.get(rest.pop(), set()) - found
        found |= new
        rest += new
    return found


def doors(sources: Mapping[str, tuple[str, bool]]) -> list[str]:
    return [
        f"{name} imports {library}"
        for name, (text, is_package) in sources.items()
        for library in {item.partition(".")[0] for item in imported(name, text, is_package=is_package)} & set(DOORS)
        if DOORS[library] != name
    ]


def twice(names: Iterable[tuple[str, str]]) -> list[str]:
    """Names with two places, each a pair of name and place."""
    places = defaultdict(list)
    for name, place in names:
        places[name].append(place)
    return [f"{name}: {', '.join(found)}" for name, found in sorted(places.items()) if len(found) > 1]


@pytest.fixture(scope="module")
def sources() -> dict[str, tuple[str, bool]]:
    return {name: (path.read_text(encoding="utf-8"), path.name == "__init__.py") for name, path in module_paths().items()}


def test_every_module_is_in_a_room(sources: dict[str, tuple[str, bool]]) -> None:
    lost = []
    for name in sources:
        try:
            level(name)
        except KeyError:
            lost.append(name)

    assert lost == []


def test_arrows_point_down(sources: dict[str, tuple[str, bool]]) -> None:
    # `lint` and `fixers` load their public names from the rooms when they are asked for
    graph = {name: found for name, found in arrows(sources).items() if name not in ("lint", "fixers", "lint.expansion")}

    assert upward(graph) == []


def test_no_circle(sources: dict[str, tuple[str, bool]]) -> None:
    assert circles(arrows(sources)) == []


def test_each_parser_library_has_one_door(sources: dict[str, tuple[str, bool]]) -> None:
    assert doors(sources) == []


def test_no_module_name_has_two_meanings(sources: dict[str, tuple[str, bool]]) -> None:
    assert twice((name.rpartition(".")[2], name) for name, (_, is_package) in sources.items() if not is_package and "." in name) == []


def test_no_class_name_has_two_meanings(sources: dict[str, tuple[str, bool]]) -> None:
    assert twice((node.name, name) for name, (text, _) in sources.items() for node in _classes(text)) == []


def _classes(text: str) -> Iterator[ast.ClassDef]:
    return (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ClassDef))


def of(**texts: str) -> dict[str, tuple[str, bool]]:
    return {name.replace("__", "."): (text, False) for name, text in texts.items()}


@pytest.mark.parametrize(
    ("module", "text", "found"),
    [
        ("lint__engine__checker", "from dockerlint.fixers.loop import fix", ["lint.engine.checker imports fixers.loop"]),
        ("lint__engine__checker", "def f():\n    from dockerlint.lint.cli.task import x", ["lint.engine.checker imports lint.cli.task"]),
        ("lint__report__text", "if TYPE_CHECKING:\n    from ..cli.task import x", ["lint.report.text imports lint.cli.task"]),
        ("lint__cli__task", "from dockerlint.fixers.loop import fix", []),
        ("fixers__order__moves", "from dockerlint.fixers import loop", []),
        ("fixers__loop", "from .order import moves", ["fixers.loop imports fixers.order.moves"]),
    ],
)
def test_an_arrow_that_points_up_is_found(module: str, text: str, found: list[str]) -> None:
    others = of(lint__cli__task="", fixers__loop="", fixers__order__moves="")

    assert upward(arrows({**others, **of(**{module: text})})) == found


def test_a_circle_is_found() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}

    assert circles(graph) == [["b", "c"]]


def test_a_second_door_is_found() -> None:
    texts = of(lint__syntax__parser="import lark.exceptions", lint__syntax__grammar="import lark", rules__a="import larkspur")

    assert doors(texts) == ["lint.syntax.parser imports lark"]


def test_a_name_with_two_places_is_found() -> None:
    assert twice([("store", "a"), ("other", "b"), ("store", "c")]) == ["store: a, c"]


@pytest.mark.parametrize("room", [name for line in ROOMS for name in line.split()])
def test_rooms_are_there(room: str) -> None:
    assert room in module_paths()
