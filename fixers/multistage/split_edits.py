"""Writes a split: the edits that make two stages of one and leave the text of the build alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.edits import delete_lines, insert, insert_lines, whole_lines, with_comments
from dockerlint.lint.syntax.span import Edit, Span

if TYPE_CHECKING:
    from dockerlint.lint.syntax.nodes import Dockerfile, Instruction

    from .split_plan import Split


def edits(doc: Dockerfile, split: Split) -> tuple[Edit, ...] | None:
    """The edits of a split; None when the file has no line to put the new stage on: it ends within an instruction."""
    end = whole_lines(doc, split.last).end
    if doc.escape in doc.text[split.last.span.end : end]:
        return None
    gone = [with_comments(doc, node) for node in sorted(split.moved | split.removed, key=lambda node: node.span)]
    lines = "".join(_line(doc, split, item) for item in split.head)
    tail = "".join(_line(doc, split, item) for item in split.tail)
    text = f"{tail}{doc.newline}{_from(doc, split)}{doc.newline}{lines}"
    if not doc.text[:end].endswith("\n"):
        text = doc.newline + text.removesuffix(doc.newline)
    named = () if split.from_.alias else (insert(split.from_.span.end, f" {_as(split)} {split.name}"),)
    # nothing that follows needs the blank line that stood here
    blank = _blank_lines(doc, end)
    above = (insert_lines(doc, with_comments(doc, node).start, [line]) for node, line in split.above)
    return (*named, *above, *(delete_lines(doc, span) for span in gone), Edit(blank, text))


def _from(doc: Dockerfile, split: Split) -> str:
    flags = "".join(doc.source(flag.span) + " " for flag in split.from_.flags)
    return f"{split.from_.keyword.text} {flags}{split.image}"


def _as(split: Split) -> str:
    return "AS" if split.from_.keyword.text.isupper() else "as"


def _line(doc: Dockerfile, split: Split, item: Instruction | str) -> str:
    """One instruction of the final stage, with its line break; what moves brings its comments."""
    if isinstance(item, str):
        text = item if split.from_.keyword.text.isupper() else _lower(item)
    elif item in split.moved:
        text = doc.source(with_comments(doc, item))
    else:
        text = doc.source(Span(*item.span))
    return text if text.endswith("\n") else text + doc.newline


def _lower(line: str) -> str:
    keyword, blank, rest = line.partition(" ")
    return keyword.lower() + blank + rest


def _blank_lines(doc: Dockerfile, at: int) -> Span:
    """The blank lines from a place on."""
    end = at
    while end < len(doc.text):
        line_end = doc.text.find("\n", end) + 1 or len(doc.text)
        if doc.text[end:line_end].strip():
            break
        end = line_end
    return Span(at, end)
