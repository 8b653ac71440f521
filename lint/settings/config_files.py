"""Configuration files: the nearest `.dlint.toml`, or `pyproject.toml` with a `[tool.dlint]`, upwards from a folder.

If there is none, the nearest `.hadolint.yaml`, translated.
"""

from __future__ import annotations

import os
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dockerlint.lint.storage.boundaries import is_link_out, leads_out, repository
from dockerlint.lint.storage.errors import ConfigError
from dockerlint.lint.syntax.source import MOST_SETTINGS, reason, whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from .config import Layer

OWN_FILE = ".dlint.toml"
PYPROJECT = "pyproject.toml"
# So many folders are remembered: more than a path has above it, and not all of a tree.
MOST_FOLDERS = 10_000
NONE: Layer = {}
HADOLINT_FILES = (".hadolint.yaml", ".hadolint.yml")


def for_folder(folder: Path) -> Layer:
    """What the nearest configuration file upwards from a folder says.

    Raises ConfigError when that file is no good, or leads out of its repository: nobody has named it.
    """
    path = nearest(folder)
    return _unnamed(path) if path else NONE


def nearest(folder: Path) -> Path | None:
    """The configuration file that holds for a folder."""
    real = _real(os.path.abspath(folder))  # noqa: PTH100 - as quick as can be, as all here: it is done for each file
    found = _upwards(real, _own) or _upwards(real, _hadolint)
    return Path(found) if found else None


def forget() -> None:
    """From now on the files are looked for and read anew: for a process that outlives their state."""
    for known in (_real, _own, _hadolint, _unnamed, from_file):
        known.cache_clear()


def nearest_of_hadolint(folder: Path) -> Path | None:
    """The nearest `.hadolint.yaml` upwards from a folder."""
    found = _upwards(os.path.realpath(folder), _hadolint)
    return Path(found) if found else None


@lru_cache(MOST_FOLDERS)
def _real(folder: str) -> str:
    """A folder without links in its path."""
    above, name = os.path.split(folder)
    if above == folder or not name:
        return folder
    path = os.path.join(_real(above), name)  # noqa: PTH118
    return os.path.realpath(path) if os.path.islink(path) else path  # noqa: PTH114


def _upwards(folder: str, look: Callable[[str], str | None]) -> str | None:
    # no recursion: folders nest more deeply than calls can
    while True:
        found = look(folder)
        above = os.path.dirname(folder)  # noqa: PTH120
        if found or above == folder:
            return found
        folder = above


@lru_cache(MOST_FOLDERS)
def _own(folder: str) -> str | None:
    path = os.path.join(folder, OWN_FILE)  # noqa: PTH118
    if os.path.isfile(path):  # noqa: PTH113
        return path
    path = os.path.join(folder, PYPROJECT)  # noqa: PTH118
    # of a link that leads out not even that much is read
    return path if os.path.isfile(path) and not is_link_out(path) and "dlint" in _read_toml(Path(path)).get("tool", {}) else None  # noqa: PTH113


@lru_cache(MOST_FOLDERS)
def _hadolint(folder: str) -> str | None:
    paths = (os.path.join(folder, name) for name in HADOLINT_FILES)  # noqa: PTH118
    return next((path for path in paths if os.path.isfile(path)), None)  # noqa: PTH113


@cache
def _unnamed(path: Path) -> Layer:
    if is_link_out(str(path)):
        raise ConfigError(f"{path}: this link leads out of the repository; dlint does not read it")
    found = from_file(path)
    if "context" in found and leads_out(str(found["context"]), repository(str(path.parent))):
        raise ConfigError(f"{path}: context leads out of the repository; name it with --context to use it")
    return found


@cache
def from_file(path: Path) -> Layer:
    """What one configuration file says; its name decides how it is read.

    Raises ConfigError when it cannot be read, has an unknown key, or a value of the wrong kind.
    """
    if path.suffix in (".yaml", ".yml"):
        from .hadolint_config import translate

        return translate(path)
    from .options import layer

    table = _read_toml(path)
    if path.name == PYPROJECT:
        table = table.get("tool", {}).get("dlint", {})
    return layer(table, str(path), path.parent)


def _read_toml(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(whole(path, MOST_SETTINGS).decode("utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {reason(error)}") from error
    except RecursionError as error:
        raise ConfigError(f"{path}: nested too deeply") from error
    except ValueError as error:
        # not only TOMLDecodeError: a number of thousands of digits
        raise ConfigError(f"{path}: not valid TOML: {error}") from error
