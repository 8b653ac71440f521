"""`dlint lsp`: a language server on standard input and output."""

from __future__ import annotations

from importlib.util import find_spec

import click


@click.command("lsp")
@click.option("--stdio", is_flag=True, expose_value=False, help="No effect: dlint always uses standard input and output. Many editors pass it.")
def command() -> int:
    """Serve editors: findings as you type, fixes, costs and more.

    Speaks the Language Server Protocol on standard input and output until it is told to exit. An editor starts it; how is
    in docs/editors.md.

    \b
    dlint lsp
    """
    if find_spec("pygls") is None:
        raise click.UsageError("lsp needs pygls, which is not installed: pip install 'dockerlint[lsp]'")
    from .lsp.server import serve

    return serve()
