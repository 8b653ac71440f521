"""Which line of the file each line of a text was that fixes have changed."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.lint.storage.lazy_regex import regex

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dockerlint.lint.engine.findings import Finding
    from dockerlint.lint.syntax.lines import Lines

# How messages name a line of their file.
NAMED = regex(r"\bline (\d{1,9})\b")


class LineOrigins(Struct, frozen=True):
    """The original line of each line of a text, both from 1."""

    lines: tuple[int, ...]

    @classmethod
    def of(cls, text: str) -> LineOrigins:
        """Those of a text that nothing has changed."""
        return cls(tuple(range(1, text.count("\n") + 2)))

    def line(self, number: int) -> int:
        """The original line of a line; that of the last one for any below it."""
        return self.lines[max(min(number, len(self.lines)), 1) - 1]

    def named(self, message: str) -> str:
        """A message about the text, with the lines that it names as they were originally."""
        return NAMED.sub(lambda match: f"line {self.line(int(match[1]))}", message)

    def after(self, doc: Lines, findings: Sequence[Finding], text: str) -> LineOrigins:
        """The origins in `text`, which is that of `doc` with the fixes of the findings made; these touch nothing in common.

        A new line that its fix deletes elsewhere comes from there; any other comes from the line of its finding.
        """
        edits = sorted(((edit, item) for item in findings if item.fix for edit in item.fix.edits), key=lambda pair: pair[0].span)
        deleted = {id(item): self._deleted(doc, item) for item in findings}
        # by where it begins in the new text: a piece of the old one, or what a finding's fix has put in
        starts: list[int] = []
        pieces: list[int | Finding] = []
        at = length = 0
        for edit, item in edits:
            for piece, size in ((at, edit.span.start - at), (item, len(edit.text))):
                if size:
                    starts.append(length)
                    pieces.append(piece)
                    length += size
            at = edit.span.end
        starts.append(length)
        pieces.append(at)

        found = []
        start = 0
        for line in text.split("\n"):
            anchor = start + len(line) - len(line.lstrip())
            index = bisect_right(starts, anchor) - 1
            piece = pieces[index]
            if isinstance(piece, int):
                found.append(self.line(doc.line(min(piece + anchor - starts[index], len(doc.text)))))
            else:
                own = self.line(doc.line(piece.span.start))
                found.append(deleted[id(piece)].get(line.strip(), own))
            start += len(line) + 1
        return LineOrigins(tuple(found))

    def _deleted(self, doc: Lines, item: Finding) -> dict[str, int]:
        """The lines that a fix deletes, with where they come from."""
        found: dict[str, int] = {}
        for edit in item.fix.edits if item.fix else ():
            first = doc.line(edit.span.start)
            for number, line in enumerate(doc.source(edit.span).split("\n")):
                if line.strip():
                    found.setdefault(line.strip(), self.line(first + number))
        return found
