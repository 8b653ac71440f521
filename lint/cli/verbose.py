"""`dlint --verbose`: which configuration holds for each file, and what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dockerlint.lint.engine.findings import Severity
from dockerlint.lint.settings import config_files
from dockerlint.lint.settings.config import Config, Selector
from dockerlint.lint.storage.errors import ConfigError

from .task import configuration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from .task import Task

# What is told in words of its own.
UNTOLD = ("notes",)


def configurations(task: Task, files: Sequence[Path], options: Mapping[str, Any]) -> Iterator[str]:
    """A line for each file with its configuration file, and the first time the options that are not at their defaults."""
    told: set[str] = set()
    for path in files:
        try:
            config = configuration(task, path)
        except ConfigError:
            # the file says so when its turn comes
            continue
        origin = _origin(path, options)
        yield f"{path}: configuration: {origin}"
        lines = [f"  {line}" for line in _told(config)] or ["  all options are at their defaults"]
        if (shown := "\n".join([origin, *lines])) not in told:
            told.add(shown)
            yield from lines


def _origin(path: Path, options: Mapping[str, Any]) -> str:
    if options["config"]:
        return str(options["config"])
    found = None if options["no_config"] else config_files.nearest(path.parent)
    return str(found) if found else "none"


def _told(config: Config) -> Iterator[str]:
    default = Config()
    for name in Config.__struct_fields__:
        value = getattr(config, name)
        if name not in UNTOLD and value != getattr(default, name):
            yield f"{name.replace('_', '-')} = {_plain(value)}"


def _plain(value: object) -> str:
    """A value as one would write it."""
    match value:
        case None:
            return "never"
        case Selector():
            return value.text
        case Severity():
            return value.value
        case dict():
            return ", ".join(f"{_plain(key)}: {_plain(item)}" for key, item in value.items())
        case tuple():
            return " ".join(map(_plain, value))
        case _:
            return str(value)
