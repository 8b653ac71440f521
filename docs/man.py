"""Writes the manual pages in docs/man from the commands' own help: `python docs/man.py` (needs click-man)."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import click
from click_man.core import generate_man_page

from dockerlint.lint.cli.commands import dlint

FOLDER = Path(__file__).parent / "man"


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.1"):
        path.unlink()
    _write(dlint, "dlint", None)


def _write(command: click.Command, name: str, parent: click.Context | None) -> None:
    context = click.Context(command, info_name=name, parent=parent)
    release = version("dockerlint")
    text = generate_man_page(context, version=release, date=f"dlint {release}")
    # a mark of click's that says: keep these lines as they are
    text = text.replace("\x08", ".nf")
    below = command.list_commands(context) if isinstance(command, click.Group) else []
    if below and ".SH COMMANDS" not in text:
        text += "\n.SH COMMANDS" + "".join(f"\n.TP\n\\fB{item}\\fP\nSee {context.command_path.replace(' ', chr(45))}\\-{item}(1)" for item in below)
    (FOLDER / f"{context.command_path.replace(' ', '-')}.1").write_text(text.rstrip() + "\n", encoding="utf-8")
    for item in below:
        assert isinstance(command, click.Group)
        found = command.get_command(context, item)
        assert found
        _write(found, item, context)


if __name__ == "__main__":
    main()
