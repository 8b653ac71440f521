"""What a file is that is no Dockerfile, or not yet one: a template, or another file by that name."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.lint.catalogue import tables
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.span import Span

if TYPE_CHECKING:
    from dockerlint.lint.syntax.nodes import Dockerfile

DATA = "lint/catalogue/data/other_texts.toml"
# So much of a text tells what it is.
LONGEST_START = 4000
# With fewer bad lines, and no good one, somebody may only have begun to write.
FEWEST_BAD = 3


class OtherText(Struct, frozen=True):
    """What a text is instead."""

    # where that shows
    span: Span
    # a sentence about it
    message: str


def other_text(doc: Dockerfile) -> OtherText | None:
    """What the file is when it is no Dockerfile; None when it is one."""
    if any(not isinstance(node, nodes.Bad) for node in doc.instructions):
        return _template(doc)
    bad = doc.instructions
    if not bad:
        return None
    place = bad[0].span
    start = doc.text[:LONGEST_START].lstrip("\ufeff \t\r\n")
    for pattern, what in _known("other", "start"):
        if pattern.match(start):
            return OtherText(place, f"this is {what}, not a Dockerfile")
    if (template := _template(doc)) is not None:
        return template
    return OtherText(place, "this is not a Dockerfile: no line is an instruction") if len(bad) >= FEWEST_BAD else None


def _template(doc: Dockerfile) -> OtherText | None:
    """The first mark of a template that the builder refuses: one in place of an instruction, in an image's name, or anywhere in
    a value where it is a bad substitution.
    """
    for node in doc.instructions:
        for span in _places(node):
            text = doc.source(span)
            for pattern, what in _known("template", "mark"):
                found = pattern.search(text)
                if found and (isinstance(node, nodes.Bad | nodes.From) or found[0].startswith("${")):
                    start = span.start + found.start()
                    end = doc.text.find("\n", start, span.end)
                    return OtherText(Span(start, span.end if end < 0 else end), f"this looks like {what}: fill it in first, and check the Dockerfile that comes out")
    return None


def _places(node: nodes.Instruction) -> tuple[Span, ...]:
    match node:
        case nodes.Bad() | nodes.Arg() | nodes.Env() | nodes.Label() | nodes.Workdir() | nodes.Expose() | nodes.User():
            return (node.span,)
        case nodes.From():
            return (node.image.span,)
        case _:
            # braces and percent signs are a shell's and a program's own there
            return ()


@cache
def _known(kind: str, key: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(item[key]), item["what"]) for item in tables.table(DATA)[kind])
