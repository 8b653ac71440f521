"""What scripts fetch with curl, wget and their like: from where, to which file, or into which pipe."""

from __future__ import annotations

import posixpath
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dockerlint.lint.catalogue import tables
from dockerlint.lint.catalogue.tool import unwrapped
from dockerlint.lint.storage.lazy_regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dockerlint.lint.shell.script import Command
    from dockerlint.lint.syntax.nodes import Word

QUERY = regex(r"[?#].*\Z", re.DOTALL)


class Fetcher(Struct, frozen=True):
    """A command that fetches files; the fields are those of `data/downloads.toml`."""

    to_file: bool
    value_letters: str
    value_flags: frozenset[str]
    output: tuple[str, ...]
    folder: tuple[str, ...]
    remote_name: tuple[str, ...]


class Download(Struct, frozen=True):
    """One call of a fetcher. `target` is the file's path as it is written; None for the standard output.

    `flags` are all its options, bundles taken apart (`-fsSL` is `-f`, `-s`, ...), each with the word it stands in.
    """

    command: Command
    tool: str
    urls: tuple[Word, ...]
    target: str | None
    flags: tuple[tuple[str, Word], ...]

    def has(self, *names: str) -> bool:
        """Whether one of the options is given."""
        return any(name in names for name, _ in self.flags)


@cache
def fetchers() -> dict[str, Fetcher]:
    """The commands of `data/downloads.toml` by name."""
    return {name: _fetcher(item) for name, item in tables.table("lint/catalogue/data/downloads.toml").items()}


def _fetcher(item: dict[str, Any]) -> Fetcher:
    return Fetcher(
        item["to-file"],
        item["value-letters"],
        frozenset(item["value-flags"]),
        tuple(item["output"]),
        tuple(item["folder"]),
        tuple(item["remote-name"]),
    )


def downloads(commands: Iterable[Command]) -> Iterator[Download]:
    """The downloads among commands, in order."""
    for command in commands:
        found = download(command)
        if found is not None:
            yield found


def download(command: Command) -> Download | None:
    """What a command fetches; None when it is no fetcher, or names no URL."""
    words = unwrapped(command.words)
    name = words[0].text.rsplit("/", 1)[-1] if words else ""
    known = fetchers().get(name)
    if known is None:
        return None
    flags, values, urls = _options(known, words[1:])
    if not urls:
        return None
    return Download(command, name, tuple(urls), _target(known, command, flags, values, urls), tuple(flags))


def file_name(url: str) -> str:
    """The name under which a URL is stored: its last part, without the query."""
    return posixpath.basename(QUERY.sub("", url).rstrip("/"))


def _options(known: Fetcher, words: tuple[Word, ...]) -> tuple[list[tuple[str, Word]], dict[str, str], list[Word]]:
    """The options with their words, the values of those that have one, and the operands."""
    flags: list[tuple[str, Word]] = []
    values: dict[str, str] = {}
    urls: list[Word] = []
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if not word.text.startswith("-") or word.text == "-":
            urls.append(word)
            continue
        names, value = _names(known, word.text)
        flags += [(name, word) for name in names]
        if value is None and _takes_value(known, names[-1]):
            value = words[at].text if at < len(words) else ""
            if names[-1] == "--url" and at < len(words):
                urls.append(words[at])
            at += 1
        if value is not None:
            values[names[-1]] = value
    return flags, values, urls


def _names(known: Fetcher, text: str) -> tuple[list[str], str | None]:
    """The options of one word: the letters of a bundle up to one that takes a value, which may follow at once."""
    if text.startswith("--"):
        name, equals, value = text.partition("=")
        return [name], value if equals else None
    names = []
    for at, letter in enumerate(text[1:], start=2):
        names.append(f"-{letter}")
        if letter in known.value_letters:
            return names, text[at:].removeprefix("=") or None
    return names, None


def _takes_value(known: Fetcher, name: str) -> bool:
    return name in known.value_flags or (len(name) == 2 and name[1] in known.value_letters)


def _target(
    known: Fetcher, command: Command, flags: list[tuple[str, Word]], values: dict[str, str], urls: list[Word]
) -> str | None:
    output = next((values[name] for name in known.output if name in values), None)
    folder = next((values[name] for name in known.folder if name in values), "")
    if output is not None:
        return None if output in ("-", "/dev/stdout") else posixpath.join(folder, output)
    if known.to_file or any(name in known.remote_name for name, _ in flags):
        return posixpath.join(folder, file_name(urls[0].text))
    redirects = (item.target.text for item in command.redirects if item.target and item.operator in (">", ">>", ">|"))
    return next(redirects, None)
