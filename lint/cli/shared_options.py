"""Options that several commands share."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.shell_completion import CompletionItem

Command = TypeVar("Command", bound="Callable[..., int | None]")


def build_options(function: Callable[..., int]) -> Callable[..., int]:
    """The options that say how the image is built and where the configuration is, for commands that judge files."""
    folder = click.Path(exists=True, file_okay=False)
    file = click.Path(exists=True, dir_okay=False)
    for option in (
        click.option("--no-config", is_flag=True, envvar="DLINT_NO_CONFIG", help="Ignore configuration files."),
        click.option("-c", "--config", metavar="FILE", type=file, envvar="DLINT_CONFIG", help="Use this configuration file."),
        click.option("--build-arg", multiple=True, metavar="KEY=VALUE", help="Set a build argument."),
        click.option("--target", metavar="STAGE", help="Stage to build; the last one by default."),
        click.option("--context", metavar="DIR", type=folder, help="Build context; the Dockerfile's folder by default."),
    ):
        function = option(function)
    return function


def version_option(function: Command) -> Command:
    """`-v`, `--version`: of `dlint` itself, and of `check`, whose name nobody has to write."""
    text = "Show the version."
    return click.option("-v", "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version, help=text)(function)


def _show_version(ctx: click.Context, option: click.Parameter, value: bool) -> None:  # noqa: ARG001 - click's signature
    if not value or ctx.resilient_parsing:
        return
    from importlib.metadata import version

    click.echo(f"dlint {version('dockerlint')}")
    ctx.exit()


def online_option(function: Callable[..., int]) -> Callable[..., int]:
    """`--online`, for commands that judge files."""
    text = "Ask registries for size, user, variables, platforms and digest of base images."
    return click.option("--online", is_flag=True, help=text, callback=_can_ask)(function)


def _can_ask(ctx: click.Context, option: click.Parameter, value: bool) -> bool:  # noqa: ARG001 - click's signature
    if value and find_spec("httpx") is None:
        raise click.UsageError("--online needs httpx, which is not installed: pip install 'dockerlint[online]'")
    return value


def codes(ctx: click.Context, option: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001 - click's signature
    """For shells: the codes and names of rules that go on from the last word of a list."""
    from click.shell_completion import CompletionItem

    from dockerlint.lint.engine.registry import rules

    done, comma, last = incomplete.rpartition(",")
    names = ((name, rule.summary) for rule in rules() for name in (rule.code, rule.name))
    return [CompletionItem(f"{done}{comma}{name}", help=about) for name, about in names if name.startswith(last)]
