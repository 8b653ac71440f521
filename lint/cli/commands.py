"""The command line: its commands, and the options of `dlint` itself."""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING

import click

from .exit_status import INTERRUPTED, OK, USAGE
from .shared_options import version_option
from .startup import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from click.shell_completion import CompletionItem

DEFAULT = "check"


class CommandGroup(click.Group):
    """The commands by name; a first word that is none of them belongs to `check`."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """All names, the default first."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """The command of a name, loaded now."""
        if name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f".{name.replace('-', '_')}_command", __package__).command
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `check` before words that start with no command and no option of dlint itself."""
        if ctx.resilient_parsing and not args:
            # the first word is being completed: it may be a command
            return super().parse_args(ctx, args)
        own = {name for option in self.get_params(ctx) for name in option.opts}
        at = next((at for at, word in enumerate(args) if word not in own), len(args))
        if at == len(args) or args[at] not in COMMANDS:
            args = [*args[:at], DEFAULT, *args[at:]]
        return super().parse_args(ctx, args)


    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands, and what `check` would take in their place: its options, and files."""
        from click.shell_completion import CompletionItem

        items = super().shell_complete(ctx, incomplete)
        if not incomplete.startswith("-"):
            # the files first: in bash they take the place of all that came before
            return [CompletionItem(incomplete, type="file"), *items]
        default = self.get_command(ctx, DEFAULT)
        assert default
        return [*items, *default.shell_complete(click.Context(default, parent=ctx), incomplete)]


def _debug(ctx: click.Context, option: click.Parameter, value: bool) -> None:  # noqa: ARG001 - click's signature
    if value and not ctx.resilient_parsing:
        from .task import DEBUG

        # a variable, so that the processes that are started for the work have it too
        os.environ[DEBUG] = "1"


@click.group(
    cls=CommandGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    subcommand_metavar="[COMMAND] [OPTIONS] [PATH]...",
    epilog="A first word that is not a command is a path: `dlint Dockerfile` is `dlint check Dockerfile`.",
)
@version_option
@click.option("--debug", is_flag=True, expose_value=False, callback=_debug, help="Show where internal errors come from.")
def dlint() -> None:
    """Finds what makes Dockerfiles slow, big or unsafe, says what it costs, and fixes it.

    \b
    dlint                      check all Dockerfiles below this folder
    dlint --fix Dockerfile     make the fixes that keep what the image does
    dlint cost Dockerfile      show what each step costs
    dlint explain DF101        show the page of a rule

    Exit status: 0 nothing at or above --fail-on; 1 there is; 2 usage, configuration, or a file that cannot be read or
    written; 3 internal error.
    """


def run(words: Sequence[str]) -> int:
    """Run a command line; gives the exit status. What is wrong with the words is said here, what is wrong later is raised."""
    try:
        return int(dlint.main(args=list(words), prog_name="dlint", standalone_mode=False) or OK)
    except click.ClickException as error:
        _show(error)
        return USAGE
    except click.Abort:
        return INTERRUPTED


def _show(error: click.ClickException) -> None:
    """What click says of an error; it may hold any word of the command line, and names of files."""
    from io import StringIO

    from dockerlint.lint.report.escaping import sentences

    text = StringIO()
    error.show(text)
    click.echo(sentences(text.getvalue()), nl=False, err=True)
