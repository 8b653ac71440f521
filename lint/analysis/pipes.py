"""Pipes of a script, and whether anybody would miss what fails in them."""

from __future__ import annotations

import posixpath
from functools import cache
from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.lint.catalogue import tables
from dockerlint.lint.catalogue.tool import unwrapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dockerlint.lint.shell.script import Command
    from dockerlint.lint.syntax.span import Span

DATA = "lint/catalogue/data/pipes.toml"
OPERATORS = frozenset({"|", "|&"})


class _PipeTable(Struct, frozen=True):
    harmless: frozenset[str]
    # harmless ones, and those that look at what is there
    local: frozenset[str]
    filters: frozenset[str]
    # options, of which one makes a command fail on input that is cut off; any does when there are none
    strict: dict[str, tuple[str, ...]]


def pipes(commands: tuple[Command, ...]) -> Iterator[tuple[Command, ...]]:
    """The commands of each pipe, in order; of one that starts with a loop or a test, what follows that."""
    for group in _levels(commands):
        found: list[Command] = []
        for command in group:
            if command.before not in OPERATORS:
                yield from _whole(found)
                found = []
            found.append(command)
        yield from _whole(found)


def _whole(found: list[Command]) -> Iterator[tuple[Command, ...]]:
    if len(found) > 1 or (found and found[0].before in OPERATORS):
        yield tuple(found)


def _levels(commands: tuple[Command, ...]) -> Iterable[list[Command]]:
    """The commands that stand beside one another: those that a word substitutes apart from those around it."""
    groups: dict[Span | None, list[Command]] = {}
    around: list[Command] = []
    for command in commands:
        while around and around[-1].span.end <= command.span.start:
            around.pop()
        groups.setdefault(around[-1].span if around else None, []).append(command)
        around.append(command)
    return groups.values()


def is_harmless(command: Command) -> bool:
    """Whether a command cannot fail."""
    return _name(command) in _table().harmless


def missed(pipe: tuple[Command, ...]) -> Command | None:
    """The command of a pipe whose failure goes unnoticed and matters; None when there is none.

    It matters where something is fetched or made, and the last command does something with whatever part of it comes: runs it, or
    writes it to a file. Unpackers and checkers of digests fail themselves.
    """
    source = next((item for item in pipe[:-1] if _name(item) and _name(item) not in _table().local), None)
    return None if source is None or _is_strict(pipe[-1]) or _only_prints(pipe[-1]) else source


def _is_strict(command: Command) -> bool:
    words = unwrapped(command.words)
    options = _table().strict.get(_name(command))
    if options is None:
        return False
    return not options or any(_has(word.text, option, first=at == 0) for at, word in enumerate(words[1:]) for option in options)


def _has(word: str, option: str, *, first: bool) -> bool:
    """Whether a word is an option, or has its letter: `-xzf`; `tar xzf` takes letters without a dash."""
    if len(option) > 1:
        return word == option
    return option in word and (first or word.startswith("-")) and not word.startswith("--")


def _only_prints(command: Command) -> bool:
    writes = any(item.target is not None and ">" in item.operator and item.target.text != "/dev/null" for item in command.redirects)
    in_place = any(word.text.startswith(("-i", "--in-place")) for word in command.words) and _name(command) == "sed"
    return _name(command) in _table().filters and not writes and not in_place


def _name(command: Command) -> str:
    words = unwrapped(command.words)
    return posixpath.basename(words[0].text) if words else ""


@cache
def _table() -> _PipeTable:
    data = tables.table(DATA)
    harmless = frozenset(data["harmless"])
    strict = {name: tuple(item["options"]) for item in data["strict"] for name in item["names"]}
    return _PipeTable(harmless, harmless | set(data["local"]), frozenset(data["filters"]), strict)
