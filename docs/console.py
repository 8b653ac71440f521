"""Writes what dlint prints into the pages that show it: the console blocks with `$ dlint ... docs/examples/...`.

`python docs/console.py` writes them; with `--check` it writes nothing, says which differ, and then exits with 1. A line `...` in a
block stands for lines that are left out: as many lines as stand above and below it stay.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import sys
from pathlib import Path

import click

from dockerlint.lint.cli.commands import dlint

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", ROOT / "docs" / "start.md")
BLOCK = re.compile(r"^```console\n\$ dlint (.*docs/examples/.*)\n((?:(?!```).*\n)*)```$", re.MULTILINE)
LEFT_OUT = "..."


def page(path: Path) -> str:
    """The text of a page, with what its commands print now."""
    return BLOCK.sub(_block, path.read_text(encoding="utf-8"))


def printed(command: str) -> list[str]:
    """The lines that `dlint` prints for words of a command line, run in the repository; ShellCheck is not asked."""
    out = io.StringIO()
    with contextlib.chdir(ROOT), contextlib.redirect_stdout(out):
        dlint.main(["--shellcheck", "off", "--no-config", "--no-cache", *shlex.split(command)], standalone_mode=False)
    return out.getvalue().splitlines()


def _block(match: re.Match[str]) -> str:
    shown, lines = match[2].splitlines(), printed(match[1])
    if LEFT_OUT in shown:
        above = shown.index(LEFT_OUT)
        below = len(shown) - above - 1
        if above + below < len(lines):
            lines = [*lines[:above], LEFT_OUT, *lines[len(lines) - below :]]
    return "\n".join(["```console", f"$ dlint {match[1]}", *lines, "```"])


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; say which pages differ.")
def main(check: bool) -> None:
    """Write what dlint prints into the pages that show it."""
    # as for who has none of them set
    for name in [name for name in os.environ if name.startswith(("DLINT_", "HADOLINT_")) or name == "FORCE_COLOR"]:
        del os.environ[name]
    wrong = {path: text for path in PAGES if (text := page(path)) != path.read_text(encoding="utf-8")}
    for path, text in wrong.items():
        if not check:
            path.write_text(text, encoding="utf-8", newline="\n")
        click.echo(f"{path.relative_to(ROOT)}: {'differs from what dlint prints' if check else 'written'}")
    if check and wrong:
        click.echo("run `python docs/console.py` to write them anew", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
