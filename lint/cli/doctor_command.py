"""`dlint doctor`: what there is to work with, and which configuration is in force."""

from __future__ import annotations

import os
import platform
import subprocess
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dockerlint.lint.settings.config import Selector
from dockerlint.lint.storage.errors import PluginError

from .config_layers import file_layer, layers
from .exit_status import OK
from .shared_options import build_options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.settings.config import Layer

LIBRARIES = ("click", "lark", "libcst", "tree-sitter", "tree-sitter-bash")
PATIENCE = 10.0
WIDTH = 20


@click.command("doctor")
@click.argument("path", default=".")
@build_options
def command(path: str, **options: Any) -> int:
    """Show versions, programs, configuration; where a file builds.

    Of programs those that dlint can call, of the configuration also where each value is from. PATH is the Dockerfile or the
    folder that it is for; the current folder by default. Of a Dockerfile: the least release of the Dockerfile language, BuildKit
    and Docker Engine, what other builders make of it, and which line needs what.

    \b
    dlint doctor
    dlint doctor api/Dockerfile
    """
    from dockerlint.lint.report.escaping import visible

    for name, value in (*_versions(), *_programs(), *_kept(), *_plugins()):
        click.echo(f"{name:<{WIDTH}} {visible(value)}")
    click.echo()
    for line in (*_configuration(Path(path), options), *_needs(Path(path))):
        click.echo(visible(line))
    return OK


def _versions() -> Iterator[tuple[str, str]]:
    from importlib.metadata import version

    yield "dlint", version("dockerlint")
    yield "Python", f"{platform.python_version()}, {platform.system()} {platform.machine()}"
    yield "libraries", ", ".join(f"{name} {version(name)}" for name in LIBRARIES)


def _programs() -> Iterator[tuple[str, str]]:
    from dockerlint.fixers.verify import engines
    from dockerlint.fixers.verify.base import EngineError
    from dockerlint.lint.shellcheck import runner
    from dockerlint.lint.storage import programs

    found = runner.find()
    if found:
        yield "ShellCheck", f"{'.'.join(map(str, found.version))}, {found.program}"
    else:
        yield "ShellCheck", "none: `pip install 'dockerlint[shellcheck]'` installs it"
    git = programs.find("git")
    yield "git", f"{_said(git, '--version').removeprefix('git version ')}, {git}" if git else "none: no --replay"
    try:
        known = engines.find()
        yield "engine for verify", f"{known.name} {known.version}"
        known.close()
    except EngineError as error:
        yield "engine for verify", f"none: {error}"


def _said(*words: str) -> str:
    """What a program answers; empty when it does not."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE, check=False, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def _kept() -> Iterator[tuple[str, str]]:
    from dockerlint.lint.report.saving_text import size
    from dockerlint.lint.storage import sqlite_store

    for kept in sqlite_store.every():
        yield "kept between runs", f"{kept.path}, {size(kept.size)}"


def _plugins() -> Iterator[tuple[str, str]]:
    from importlib.metadata import entry_points

    from dockerlint.lint.catalogue import tool
    from dockerlint.lint.engine import registry
    from dockerlint.lint.storage import plugins

    try:
        registry.rules()
        tool.catalogue()
    except PluginError as error:
        yield "plug-ins", str(error)
        return
    found = [f"{entry.name} ({entry.value})" for group in (plugins.RULES, plugins.TOOLS) for entry in entry_points(group=group)]
    yield "plug-ins", ", ".join(found) or "none"


def _configuration(path: Path, options: dict[str, Any]) -> Iterator[str]:
    """Each option that is not as it is by default, with what set it."""
    from dockerlint.lint.settings import config_files, hadolint_config
    from dockerlint.lint.settings.config import Config, merge

    folder = path if path.is_dir() else path.parent
    given = file_layer(options)
    nearest = None if options["no_config"] else options["config"] or config_files.nearest(folder)
    environment, command_line = layers(options)
    sources: list[tuple[str, Layer]] = [
        ("environment (HADOLINT_*)", hadolint_config.from_environment(os.environ)),
        (str(nearest), given if given is not None else config_files.for_folder(folder)),
        ("environment (DLINT_*)", environment),
        ("command line", command_line),
    ]
    config = merge(*(layer for _, layer in sources))
    yield f"configuration for {folder}: {nearest or 'no file'}"
    default = Config()
    for key in Config.__struct_fields__:
        value = getattr(config, key)
        if value == getattr(default, key):
            continue
        origins = [name for name, layer in sources if key in layer]
        yield f"  {key.replace('_', '-')} = {_shown(value)}  # {', '.join(origins)}"


def _needs(path: Path) -> Iterator[str]:
    """Of a Dockerfile, what it takes to build it."""
    if not path.exists():
        yield ""
        yield f"{path}: there is no such file or folder"
    if not path.is_file():
        return
    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.parser import parse
    from dockerlint.lint.syntax.source import read

    from .build_requirements import build_requirements

    yield ""
    yield f"where {path} builds:"
    yield from build_requirements(Facts(parse(read(path).text)))


def _shown(value: object) -> str:
    """A value of the configuration in few words."""
    if isinstance(value, Selector):
        return value.text
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_shown, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_shown(key)}: {_shown(item)}" for key, item in value.items()) + "}"
    return str(value)
