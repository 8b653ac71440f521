"""What ShellCheck need not be given of a script, as it has no say in what is found: names that are set, and plain scripts as a whole."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.lint.catalogue import tables
from dockerlint.lint.storage.lazy_regex import regex

if TYPE_CHECKING:
    from collections.abc import Collection

# A sign of equality behind nothing looks like an assignment that went wrong.
PLAIN_WORDS = regex(r"(?:[./:@%+,-]*[A-Za-z0-9_][A-Za-z0-9_./:@%+,=-]*(?:[ \t]+|\Z)|[./:@%+,-]+(?:[ \t]+|\Z))+")
SEPARATOR = regex(r"(&&|;|\n)")

NAME = regex(r"[A-Za-z_]\w*", re.ASCII)
QUOTING = regex(r"\\\n|[\"'\\]")
# Without one of these no variable is read.
READING = regex(r"[$\[{+(]|alias|declare|export|let|local|trap|typeset")
# ShellCheck proposes a name that is so many letters from one that is not set.
SIMILAR = 2


class Plain(Struct, frozen=True):
    """What ShellCheck has nothing to say of, up to the version `tried`; the fields are those of `plain_scripts.toml`."""

    tried: tuple[int, ...]
    programs: frozenset[str]
    shapes: dict[str, re.Pattern[str]]
    keywords: frozenset[str]
    before_and: frozenset[str]
    arrays: frozenset[str]


@cache
def plain() -> Plain:
    """The data of `plain_scripts.toml`."""
    data = tables.table("lint/catalogue/data/plain_scripts.toml")
    shapes = {name: regex(shape, re.ASCII) for name, shape in data["shapes"].items()}
    names = (frozenset(data[key]) for key in ("keywords", "before-and", "arrays"))
    return Plain(tuple(data["tried"]), frozenset(data["programs"]), shapes, *names)


def is_plain(text: str) -> bool:
    """Whether ShellCheck finds nothing in a script of `/bin/sh` and its like: simple commands of plain words in a row."""
    parts = SEPARATOR.split(text)
    before = "\n"
    for command, after in zip(parts[::2], (*parts[1::2], "\n"), strict=True):
        if command.strip(" \t"):
            if not _is_plain_command(command.strip(" \t"), after):
                return False
        elif before != "\n" or after != "\n":
            return False
        before = after
    return True


def needed(names: frozenset[str], text: str) -> list[str]:
    """Those of the names that are set whose being set may change what is found in a script, in order; all are NAMEs."""
    if "shellcheck" in text:
        # a directive before the first command is about all of the script
        return sorted(names)
    words = {*NAME.findall(text), *NAME.findall(QUOTING.sub("", text))}
    kept = {name for name in names if name in words or name in plain().arrays}
    if READING.search(text):
        kept |= _similar(names - kept, words)
    return sorted(kept)


def _is_plain_command(command: str, after: str) -> bool:
    known = plain()
    name, *arguments = command.split()
    if not known.keywords.isdisjoint(arguments):
        return False
    if name in known.programs:
        return PLAIN_WORDS.fullmatch(command) is not None
    shape = known.shapes.get(name)
    if shape is None or (name in known.before_and and after != "&&"):
        return False
    return shape.fullmatch(command[len(name) :].strip(" \t")) is not None


def _similar(names: Collection[str], words: Collection[str]) -> set[str]:
    """The names that may be SIMILAR edits or less from a word, whatever the case of letters; at times one that is not."""
    letters = defaultdict(set)
    for word in words:
        letters[len(word)].add(_letters(word))
    return {
        name
        for name in names
        # an edit takes one letter away and brings another
        if any(
            (_letters(name) ^ other).bit_count() <= 2 * SIMILAR
            for size in range(len(name) - SIMILAR, len(name) + SIMILAR + 1)
            for other in letters.get(size, ())
        )
    }


@lru_cache(10_000)
def _letters(word: str) -> int:
    """The letters of a name, a bit each."""
    found = 0
    for char in word.lower():
        found |= 1 << ord(char) - ord("0")
    return found
