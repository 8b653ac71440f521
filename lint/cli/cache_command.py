"""`dlint cache`: what is kept between runs."""

from __future__ import annotations

import click

from .exit_status import OK


@click.group("cache")
def command() -> None:
    """Show or clear what is kept between runs.

    That is findings by file, what ShellCheck said by script, and this program's own tables in a form that is read quickly.

    \b
    dlint cache show
    dlint cache clear
    """


@command.command("clear")
def clear() -> int:
    """Forget all that is kept."""
    from dockerlint.lint.storage import prepared, sqlite_store

    for kept in sqlite_store.every():
        kept.clear()
    prepared.clear()
    return OK


@command.command("show")
def show() -> int:
    """Show where it is kept, and how much there is."""
    from dockerlint.lint.report.saving_text import size
    from dockerlint.lint.storage import prepared, sqlite_store

    for kept in sqlite_store.every():
        click.echo(f"{kept.path}: {size(kept.size)} of at most {size(kept.most_bytes)}")
    for path in sorted(prepared.files()):
        click.echo(f"{path}: {size(path.stat().st_size)}")
    return OK
