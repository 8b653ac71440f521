"""One line of a Dockerfile with a place in it underlined, cut to a width."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.lint.syntax.span import Span

from .escaping import cell, width
from .places import BOM

if TYPE_CHECKING:
    from dockerlint.lint.syntax.lines import Lines

CUT = "…"
LEAD = 20


class Excerpt(Struct, frozen=True):
    """The line's number, its text in three parts, and what stands under it; `indent` in columns."""

    number: str
    before: str
    marked: str
    after: str
    indent: int
    underline: str


def excerpt(doc: Lines, span: Span, columns: int) -> Excerpt:
    """The first line of a span within so many columns; one of several lines is marked to the end of the first."""
    line = doc.line(span.start)
    whole = doc.line_span(line)
    number = str(line)
    room = max(20, columns - len(number) - 6)
    start = min(span.start, whole.end)
    end = max(start, min(span.end, whole.end))
    goes_on = span.end > whole.end and doc.source(Span(whole.end, span.end)).strip() != ""
    left = _left(doc, whole, start, end, room)
    before = _cells(doc, Span(left, start))
    if left > whole.start:
        before = CUT + before
    wanted = _cells(doc, Span(start, min(end, start + room)))
    marked = _fit(wanted, room - width(before))
    used = width(before) + width(marked)
    is_cut = marked != wanted or end > start + room
    after = "" if is_cut else _fit(_cells(doc, Span(end, min(whole.end, end + room))), room - used)
    underline = "^" * max(1, width(marked)) + ("..." if goes_on else "")
    return Excerpt(number, before, marked, after, width(before), underline)


def _left(doc: Lines, whole: Span, start: int, end: int, room: int) -> int:
    """Where to begin, so that the place is seen: the line's start if that does, else a little before the place."""
    first = whole.start + (doc.text.startswith(BOM, whole.start) and start > whole.start)
    if start - first <= room and width(_cells(doc, Span(first, min(end, first + room)))) < room:
        return first
    return max(first, start - LEAD)


def _cells(doc: Lines, span: Span) -> str:
    text = doc.source(span)
    return text if text.isprintable() else "".join(map(cell, text))


def _fit(text: str, room: int) -> str:
    """As much of a text as goes into so many columns."""
    if width(text) <= room:
        return text
    used = 0
    for at, char in enumerate(text):
        used += width(char)
        if used > room - 1:
            return text[:at] + CUT
    return text
