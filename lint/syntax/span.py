"""A place in a text, and a change there."""

from __future__ import annotations

from typing import NamedTuple


class Span(NamedTuple):
    """A half-open range of characters of the decoded text."""

    start: int
    end: int

    def contains(self, other: Span) -> bool:
        """Whether `other` lies wholly within this span."""
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: Span) -> bool:
        """Whether the two share a character; two empty spans at one place count as overlapping."""
        if self == other:
            return True
        return self.start < other.end and other.start < self.end


class Edit(NamedTuple):
    """Replace the characters of `span` by `text`: an empty span inserts, an empty text deletes."""

    span: Span
    text: str
