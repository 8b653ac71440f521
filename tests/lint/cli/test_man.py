from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from dockerlint.lint.cli.commands import dlint

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGES = Path(__file__).parents[3] / "docs" / "man"
pytestmark = pytest.mark.skipif(not PAGES.is_dir(), reason="needs the manual pages")


def commands(command: click.Command = dlint, name: str = "dlint") -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for item in command.list_commands(context):
            below = command.get_command(context, item)
            assert below
            yield from commands(below, f"{name}-{item}")


@pytest.mark.parametrize(("name", "command"), list(commands()), ids=lambda item: item if isinstance(item, str) else "")
def test_each_command_has_a_page_with_all_its_options(name: str, command: click.Command) -> None:
    page = (PAGES / f"{name}.1").read_text().replace("\\-", "-")
    for option in command.params:
        if isinstance(option, click.Option) and not option.hidden:
            missing = [text for text in option.opts if text not in page]
            assert not missing, f"run docs/man.py: {name} lacks {missing}"


@pytest.mark.parametrize(("name", "command"), list(commands()), ids=lambda item: item if isinstance(item, str) else "")
def test_each_page_says_what_the_command_says(name: str, command: click.Command) -> None:
    # the page has its own marks of lines and of literal text
    page = words((PAGES / f"{name}.1").read_text())
    assert words(command.help or "") in page, "run docs/man.py"


def words(text: str) -> str:
    """The letters and digits of a text alone, without the marks of troff."""
    return re.sub(r"[^A-Za-z0-9]+", " ", re.sub(r"^\.\w+ ?", "", text, flags=re.MULTILINE)).strip()


def test_there_is_no_page_of_what_is_gone() -> None:
    assert {path.stem for path in PAGES.glob("*.1")} == {name for name, _ in commands()}
