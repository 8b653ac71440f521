"""Text in lines of a terminal's width."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from .escaping import width

if TYPE_CHECKING:
    from collections.abc import Iterator

INDENT = "  "


def indented(level: int, text: str, room: int | None) -> Iterator[str]:
    """The lines of a text so many steps to the right, within so many columns; no line of no text."""
    indent = INDENT * level
    for line in wrapped(text, None if room is None else room - len(indent)) if text else ():
        yield indent + line


def wrapped(text: str, room: int | None) -> list[str]:
    """The text in lines of at most so many columns, broken between words; None for no limit. A longer word is cut."""
    if room is None or width(text) <= room:
        return [text]
    lines: list[str] = []
    for word in chain.from_iterable(_cut(word, max(room, 1)) for word in text.split(" ")):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width(longer) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _cut(word: str, room: int) -> list[str]:
    """A word in pieces of at most so many columns."""
    pieces = [""]
    for char in word:
        if width(pieces[-1]) + width(char) > room and pieces[-1]:
            pieces.append("")
        pieces[-1] += char
    return pieces
