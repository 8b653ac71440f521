"""Options that several commands share, and what the command line says as a partial configuration."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from click.shell_completion import CompletionItem

    from ..config import Layer

SAME_NAME = ("preset", "fail-on", "shellcheck", "baseline", "target", "context", "network", "machine")


def build_options(function: Callable[..., int]) -> Callable[..., int]:
    """The options that say how the image is built and where the configuration is, for commands that judge files."""
    folder = click.Path(exists=True, file_okay=False)
    file = click.Path(exists=True, dir_okay=False)
    for option in (
        click.option("--no-config", is_flag=True, envvar="DLINT_NO_CONFIG", help="Look for no configuration file."),
        click.option("--config", metavar="FILE", type=file, envvar="DLINT_CONFIG", help="Use this configuration file."),
        click.option("--build-arg", multiple=True, metavar="KEY=VALUE", help="A build argument."),
        click.option("--target", metavar="STAGE", help="The stage that is built; the last one by default."),
        click.option("--context", metavar="DIR", type=folder, help="The build context; the file's folder by default."),
    ):
        function = option(function)
    return function


def codes(ctx: click.Context, option: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001 - click's signature
    """For shells: the codes and names of rules that go on from the last word of a list."""
    from click.shell_completion import CompletionItem

    from ..registry import rules

    done, comma, last = incomplete.rpartition(",")
    names = ((name, rule.summary) for rule in rules() for name in (rule.code, rule.name))
    return [CompletionItem(f"{done}{comma}{name}", help=about) for name, about in names if name.startswith(last)]


def layers(options: dict[str, Any]) -> tuple[Layer, ...]:
    """What the environment and the command line say, the weaker first.

    Raises ConfigError for a value that is no good.
    """
    from ..options import from_environment, from_options

    table = {
        "select": _words(options.get("select")),
        "ignore": _words(options.get("ignore")),
        "build-args": _build_args(options["build_arg"]) or None,
        "format": options.get("format_"),
        **{key: options.get(key.replace("-", "_")) for key in SAME_NAME},
    }
    return from_environment(os.environ), from_options(table)


def file_layer(options: dict[str, Any]) -> Layer | None:
    """The configuration file that was asked for; empty if none is to be read; None if it is to be looked for."""
    from ..config_files import from_file

    if options["no_config"]:
        return {}
    return from_file(Path(options["config"]).resolve()) if options["config"] else None


def _words(given: Iterable[str] | None) -> list[str] | None:
    words = [word.strip() for part in given or () for word in part.split(",")]
    return [word for word in words if word] or None


def _build_args(given: Iterable[str]) -> dict[str, str]:
    """`KEY=VALUE` as docker reads it: `KEY` alone takes its value from the environment, if it is there."""
    pairs = [item.partition("=") for item in given]
    found = {key: value if equals else os.environ.get(key) for key, equals, value in pairs}
    return {key: value for key, value in found.items() if value is not None}
