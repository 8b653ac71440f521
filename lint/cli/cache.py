"""`dlint cache`: what is kept between runs."""

from __future__ import annotations

import click

from . import OK


@click.group("cache")
def command() -> None:
    """Show or clear what is kept between runs.

    That is findings by file, and what ShellCheck said by script.

    \b
    dlint cache show
    dlint cache clear
    """


@command.command("clear")
def clear() -> int:
    """Forget all that is kept."""
    from .. import store

    for kept in store.every():
        kept.clear()
    return OK


@command.command("show")
def show() -> int:
    """Show where it is kept, and how much there is."""
    from .. import store
    from ..report.worth import size

    for kept in store.every():
        click.echo(f"{kept.path}: {size(kept.size)} of at most {size(kept.most_bytes)}")
    return OK
