"""Places as editors count them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from dockerlint.lint.syntax.lines import Lines
    from dockerlint.lint.syntax.span import Span

BOM = "\ufeff"


class Place(NamedTuple):
    """Lines and columns from 1, columns in characters, the end exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


def place(doc: Lines, span: Span) -> Place:
    """Where a span is, as an editor counts: a byte order mark is no character of the first line."""
    return Place(*line_and_column(doc, span.start), *line_and_column(doc, span.end))


def line_and_column(doc: Lines, offset: int) -> tuple[int, int]:
    """Line and column of a place, as `place` counts them."""
    line, column = doc.position(offset)
    hidden = line == 1 and column > 1 and doc.text.startswith(BOM)
    return line, column - hidden
