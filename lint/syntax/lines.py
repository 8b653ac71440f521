"""A text and its lines: where a character is, as people and editors count."""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property

from msgspec import Struct

from .span import Span


class Lines(Struct, frozen=True, dict=True):
    """A text with line breaks; lines and columns count from 1, columns in characters."""

    text: str

    def source(self, span: Span) -> str:
        """The characters of a span."""
        return self.text[span.start : span.end]

    @cached_property
    def _line_starts(self) -> list[int]:
        starts = [0]
        find = self.text.find
        at = find("\n")
        while at >= 0:
            starts.append(at + 1)
            at = find("\n", at + 1)
        return starts

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of a character."""
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def line(self, offset: int) -> int:
        """Line of a character."""
        return bisect_right(self._line_starts, offset)

    def line_span(self, line: int) -> Span:
        """A line without its line break."""
        start = self._line_starts[line - 1]
        end = self._line_starts[line] if line < len(self._line_starts) else len(self.text)
        return Span(start, start + len(self.text[start:end].rstrip("\r\n")))
