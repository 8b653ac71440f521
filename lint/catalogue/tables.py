"""The tables of this program: TOML for people, read from JSON that is made of it once."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from msgspec import Raw
from msgspec.json import decode, encode

from dockerlint.lint.storage import installation
from dockerlint.lint.storage.prepared import prepared

if TYPE_CHECKING:
    from collections.abc import Iterator


# By this name they are kept.
TABLES = "tables"


@cache
def table(path: str) -> dict[str, Any]:
    """A table by its path in this program, as in `lint/catalogue/data/images.toml`. Not to be changed by who asks.

    Raises KeyError when there is no such table.
    """
    found: dict[str, Any] = decode(_tables()[path])
    return found


def folder(path: str) -> dict[str, dict[str, Any]]:
    """The tables that lie in a folder of this program, by file name."""
    return {name.rpartition("/")[2]: table(name) for name in _tables() if name.rpartition("/")[0] == path}


@cache
def _tables() -> dict[str, Raw]:
    """The tables as JSON, as a run needs few of them."""
    return prepared(TABLES, every, dict[str, Raw])


def every() -> dict[str, Raw]:
    """All tables as they stand in their files, by path.

    Raises ValueError with the path of one that is no TOML.
    """
    return {name: Raw(encode(item)) for name, item in _read()}


def _read() -> Iterator[tuple[str, dict[str, Any]]]:
    import tomllib
    from pathlib import Path

    for top in installation.FOLDERS:
        for path in sorted(Path(installation.TOP, top).rglob("*.toml")):
            name = path.relative_to(installation.TOP).as_posix()
            try:
                yield name, tomllib.loads(path.read_text(encoding="utf-8"))
            except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
                raise ValueError(f"{name}: {error}") from error
