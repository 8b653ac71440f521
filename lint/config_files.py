"""Configuration files: the nearest `.dlint.toml`, or `pyproject.toml` with a `[tool.dlint]`, upwards from a folder.

If there is none, the nearest `.hadolint.yaml`, translated.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from .config import ConfigError, Layer
from .source import reason

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OWN_FILE = ".dlint.toml"
PYPROJECT = "pyproject.toml"
HADOLINT_FILES = (".hadolint.yaml", ".hadolint.yml")


def for_folder(folder: Path) -> Layer:
    """What the nearest configuration file upwards from a folder says.

    Raises ConfigError when that file is no good.
    """
    path = nearest(folder)
    return from_file(path) if path else {}


def nearest(folder: Path) -> Path | None:
    """The configuration file that holds for a folder."""
    return _nearest(folder.resolve())


def forget() -> None:
    """From now on the files are looked for and read anew: for a process that outlives their state."""
    for known in (_nearest, _own, _hadolint, from_file):
        known.cache_clear()


def nearest_of_hadolint(folder: Path) -> Path | None:
    """The nearest `.hadolint.yaml` upwards from a folder."""
    return _upwards(folder, _hadolint)


@cache
def _nearest(folder: Path) -> Path | None:
    return _upwards(folder, _own) or _upwards(folder, _hadolint)


def _upwards(folder: Path, look: Callable[[Path], Path | None]) -> Path | None:
    return next((path for level in (folder, *folder.parents) if (path := look(level))), None)


@cache
def _own(folder: Path) -> Path | None:
    if (folder / OWN_FILE).is_file():
        return folder / OWN_FILE
    path = folder / PYPROJECT
    return path if path.is_file() and "dlint" in _read_toml(path).get("tool", {}) else None


@cache
def _hadolint(folder: Path) -> Path | None:
    return next((folder / name for name in HADOLINT_FILES if (folder / name).is_file()), None)


@cache
def from_file(path: Path) -> Layer:
    """What one configuration file says; its name decides how it is read.

    Raises ConfigError when it cannot be read, has an unknown key, or a value of the wrong kind.
    """
    if path.suffix in (".yaml", ".yml"):
        from .hadolint import translate

        return translate(path)
    from .options import layer

    table = _read_toml(path)
    if path.name == PYPROJECT:
        table = table.get("tool", {}).get("dlint", {})
    return layer(table, str(path), path.parent)


def _read_toml(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {reason(error)}") from error
    except RecursionError as error:
        raise ConfigError(f"{path}: this is nested too deeply") from error
    except ValueError as error:
        # not only TOMLDecodeError: a number of thousands of digits
        raise ConfigError(f"{path}: this is no TOML: {error}") from error
