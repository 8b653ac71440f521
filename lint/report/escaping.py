"""Text for a terminal: nothing of a file may act on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dockerlint.lint.engine.findings import shortened
from dockerlint.lint.storage.lazy_regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterable

# C0 and C1 controls, line separators, what changes the writing direction, and bytes that were no UTF-8.
_CONTROLS = "\x00-\x1f"
_OTHERS = "\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff"
HIDDEN = regex(f"[{_CONTROLS}{_OTHERS}]")
# The line breaks of JSON are its own: those of a text in it are escaped already.
HIDDEN_IN_JSON = regex(f"[{_OTHERS}]")
NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
TAB = "    "


def visible(text: str) -> str:
    """The text with its control characters spelled out."""
    # none of the hidden ones is printable, and most text is
    return text if text.isprintable() else HIDDEN.sub(lambda match: _escaped(match[0]), text)


def visible_lines(text: str) -> str:
    """The same for text of several lines, which stay lines."""
    return "\n".join(map(visible, text.split("\n")))


def sentence(text: str) -> str:
    """What is said of an error, for a terminal: names of any length, which it may hold, are shortened."""
    return shortened(visible(text))


def sentences(text: str) -> str:
    """The same for text of several lines, which stay lines."""
    return "\n".join(map(sentence, text.split("\n")))


def as_json(value: Any, indent: int | None = None) -> str:
    """JSON in which the same characters are escaped, so that it may be looked at; who reads it back gets them all."""
    import json

    return HIDDEN_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(value, ensure_ascii=False, indent=indent))


def cell(char: str) -> str:
    """How a character of an excerpt is shown."""
    if char == "\t":
        return TAB
    return _escaped(char) if HIDDEN.match(char) else char


def width(text: str) -> int:
    """Columns that visible text takes on a terminal."""
    return len(text) if text.isascii() else sum(_width(char) for char in text)


def _width(char: str) -> int:
    # a large table that few files need
    import unicodedata

    if unicodedata.combining(char) or char == "\u200d":
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _escaped(char: str) -> str:
    code = ord(char)
    if char in NAMED:
        return NAMED[char]
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def clean(text: str) -> str:
    """Text for a machine's format: bytes that were no UTF-8, which no format can hold, become U+FFFD."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def is_clean(texts: Iterable[str]) -> bool:
    """Whether a machine's format can hold the texts as they are."""
    return all(text.isascii() or clean(text) == text for text in texts)
