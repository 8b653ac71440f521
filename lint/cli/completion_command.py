"""`dlint completion`: what a shell needs to complete words of our command line."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from .commands import dlint
from .exit_status import OK


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> int:
    """Print a script that makes a shell complete what you type.

    It completes commands, options, codes of rules and files, in a new shell.

    \b
    bash: eval "$(dlint completion bash)"     in ~/.bashrc
    zsh:  eval "$(dlint completion zsh)"      in ~/.zshrc
    fish: dlint completion fish | source      in ~/.config/fish/config.fish
    """
    kind = get_completion_class(shell)
    assert kind
    click.echo(kind(dlint, {}, "dlint", "_DLINT_COMPLETE").source())
    return OK
