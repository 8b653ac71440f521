"""Makes what a wheel ships: tables that are worked out of the grammar, the rules and the TOML files. Called by hatch_build.py."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from msgspec.json import encode

from dockerlint.lint.catalogue import tables
from dockerlint.lint.syntax import grammar

from . import registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def shipped() -> dict[str, Callable[[], object]]:
    """What a wheel brings: by name, what makes it."""
    of_grammar = {grammar.kept_as(escape): partial(grammar.made, escape) for escape in grammar.ESCAPES}
    return {registry.ROWS: registry.rows, tables.TABLES: tables.every, **of_grammar}


def ship(to: Path) -> None:
    """Make what a wheel brings, as JSON files in a folder."""
    to.mkdir(parents=True, exist_ok=True)
    for name, make in shipped().items():
        (to / f"{name}.json").write_bytes(encode(make()))
