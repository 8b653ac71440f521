"""Places as editors give them: lines and columns from 0, columns in the units of an encoding.

Source: Language Server Protocol 3.17, "Position": a line ends with \\n, \\r\\n or \\r, and a column past its end is its end.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property
from typing import TYPE_CHECKING

from lsprotocol.types import Position, PositionEncodingKind, Range, TextEdit
from msgspec import Struct

from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax.span import Span

if TYPE_CHECKING:
    from dockerlint.lint.syntax.span import Edit

BREAK = regex(r"\r\n|\n|\r")
UNITS = {PositionEncodingKind.Utf8: ("utf-8", 1), PositionEncodingKind.Utf16: ("utf-16-le", 2)}


class Positions(Struct, frozen=True, dict=True):
    """A text, and how the columns of its lines are counted."""

    text: str
    encoding: str = PositionEncodingKind.Utf16

    @cached_property
    def _lines(self) -> list[Span]:
        """The lines without their breaks."""
        lines = []
        start = 0
        for match in BREAK.finditer(self.text):
            lines.append(Span(start, match.start()))
            start = match.end()
        return [*lines, Span(start, len(self.text))]

    @cached_property
    def _starts(self) -> list[int]:
        return [line.start for line in self._lines]

    @cached_property
    def _plain(self) -> bool:
        """Whether every character is one unit."""
        return self.encoding not in UNITS or self.text.isascii()

    def position(self, offset: int) -> Position:
        """Where a character is."""
        number = bisect_right(self._starts, offset) - 1
        start, end = self._lines[number]
        return Position(number, self._units(self.text[start : min(offset, end)]))

    def offset(self, position: Position) -> int:
        """The character at a place; the last one of the line, or of the text, when the place is behind it."""
        if position.line >= len(self._lines):
            return len(self.text)
        start, end = self._lines[position.line]
        line = self.text[start:end]
        if self._plain or line.isascii():
            return min(start + position.character, end)
        left = position.character
        for index, char in enumerate(line):
            left -= self._units(char)
            # within a character of several units: its start
            if left < 0:
                return start + index
        return end

    def range(self, span: Span) -> Range:
        """Where characters are."""
        return Range(self.position(span.start), self.position(span.end))

    def span(self, range_: Range) -> Span:
        """The characters in a range, whichever of its ends comes first."""
        start, end = sorted((self.offset(range_.start), self.offset(range_.end)))
        return Span(start, end)

    def edit(self, edit: Edit) -> TextEdit:
        """An edit as editors make it: a place between the two characters of a line break is none to them."""
        (start, end), text = edit
        if self._splits_break(start):
            start, text = start - 1, "\r" + text
        if self._splits_break(end):
            end, text = end + 1, text + "\n"
        return TextEdit(self.range(Span(start, end)), text)

    def _splits_break(self, offset: int) -> bool:
        return offset > 0 and self.text.startswith("\r\n", offset - 1)

    def _units(self, text: str) -> int:
        if self._plain or text.isascii():
            return len(text)
        name, size = UNITS[PositionEncodingKind(self.encoding)]
        return len(text.encode(name, "surrogatepass")) // size
