"""The layers `rules -> fixers -> lint`, and the one door that each parser library has."""

from __future__ import annotations

import ast
import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

CLI = "dockerlint.lint.cli"


@dataclass(frozen=True)
class Wall:
    """No module in `around` imports what is `outside`, except those in `door`."""

    around: str
    outside: tuple[str, ...]
    door: str | None = None

    def stops(self, module: str, imported: str) -> bool:
        inside = _within(module, self.around) and not (self.door and _within(module, self.door))
        return inside and any(_within(imported, name) for name in self.outside)


WALLS = (
    Wall("dockerlint.lint", ("dockerlint.fixers", "dockerlint.rules", CLI), door=CLI),
    Wall("dockerlint.fixers", ("dockerlint.rules", CLI)),
    Wall("dockerlint.rules", (CLI,)),
    Wall("dockerlint", ("lark",), door="dockerlint.lint.syntax.grammar"),
    Wall("dockerlint", ("tree_sitter", "tree_sitter_bash"), door="dockerlint.lint.shell.script"),
)


def _within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def imports(module: str, source: str, *, is_package: bool = False) -> set[str]:
    """All that a module imports, anywhere in it, in full; of `from a import b` both `a` and `a.b`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = module.split(".")
            above = above[: len(above) - node.level + is_package] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            found.add(base)
            found.update(f"{base}.{alias.name}" for alias in node.names)
    return found


def broken_walls(module: str, imported: set[str]) -> list[str]:
    return sorted(name for name in imported if any(wall.stops(module, name) for wall in WALLS))


def sources() -> Iterator[tuple[str, Path]]:
    for folder in ("lint", "fixers", "rules"):
        package = f"dockerlint.{folder}"
        top = Path(importlib.import_module(package).__path__[0])
        for path in sorted(top.rglob("*.py")):
            parts = path.relative_to(top).with_suffix("").parts
            yield ".".join((package, *parts)).removesuffix(".__init__"), path


@pytest.mark.parametrize(("module", "path"), [pytest.param(*item, id=item[0]) for item in sources()])
def test_module_stays_behind_its_walls(module: str, path: Path) -> None:
    source = path.read_text(encoding="utf-8")

    assert broken_walls(module, imports(module, source, is_package=path.name == "__init__.py")) == []


@pytest.mark.parametrize("name", sorted({wall.around for wall in WALLS} | {wall.door for wall in WALLS if wall.door}))
def test_walls_are_around_something(name: str) -> None:
    assert name == "dockerlint" or name in {module for module, _ in sources()}


@pytest.mark.parametrize(
    ("module", "source", "broken"),
    [
        ("dockerlint.lint.analysis.facts", "from dockerlint.fixers import a", ["dockerlint.fixers", "dockerlint.fixers.a"]),
        ("dockerlint.lint.analysis.facts", "from dockerlint import rules", ["dockerlint.rules"]),
        ("dockerlint.lint.analysis.facts", "def f():\n    import dockerlint.rules.x", ["dockerlint.rules.x"]),
        ("dockerlint.lint.report.text", "from ...fixers import loop", ["dockerlint.fixers", "dockerlint.fixers.loop"]),
        ("dockerlint.lint.report.text", "from ..cli import main", ["dockerlint.lint.cli", "dockerlint.lint.cli.main"]),
        ("dockerlint.lint.cli.one_file", "from dockerlint.fixers.loop import fix", []),
        ("dockerlint.lint.cli.one_file", "from . import x\nfrom .. import registry", []),
        ("dockerlint.lint.syntax.nodes", "import rulesets, larkspur", []),
        ("dockerlint.fixers.loop", "if a:\n    from ..rules import b", ["dockerlint.rules", "dockerlint.rules.b"]),
        ("dockerlint.fixers.loop", "from ..lint.nodes import Run", []),
        ("dockerlint.rules.a", "from dockerlint.fixers import edits\nfrom dockerlint.lint import nodes", []),
        ("dockerlint.rules.a", "import lark.exceptions", ["lark.exceptions"]),
        ("dockerlint.lint.syntax.grammar", "import lark", []),
        ("dockerlint.lint.syntax.parser", "import lark", ["lark"]),
        ("dockerlint.lint.syntax.parser", "import tree_sitter", ["tree_sitter"]),
        ("dockerlint.lint.shell.script", "import tree_sitter_bash", []),
    ],
)
def test_walls_stop(module: str, source: str, broken: list[str]) -> None:
    assert broken_walls(module, imports(module, source)) == broken


def test_relative_import_of_a_package() -> None:
    assert imports("dockerlint.lint.cli", "from .work import run\nfrom ..config import x", is_package=True) == {
        "dockerlint.lint.cli.one_file",
        "dockerlint.lint.cli.one_file.run",
        "dockerlint.lint.settings.config",
        "dockerlint.lint.settings.config.x",
    }
