"""DF723: a line has trailing whitespace."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from dockerlint.fixers.refusal import Refusal, answered
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax.span import Edit, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.syntax.nodes import Dockerfile

# A CR that ends no line is a blank for the builder; left alone it would end one.
BLANKS = regex(r"(?<![ \t\r])[ \t\r]*[ \t](?=\r?(?:\n|\Z))")


@rule(name="trailing-blanks", severity=Severity.STYLE, recommended=False)
def trailing_blanks(doc: Dockerfile) -> Iterator[Finding]:
    """A line has trailing whitespace.

    Nobody sees it, editors remove it at random, and after a `\\` older builders do not continue the line.

    ```dockerfile bad
    FROM debian:bookworm-slim \x20
    CMD ["bash"]
    ```

    ```dockerfile fixed
    FROM debian:bookworm-slim
    CMD ["bash"]
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    CMD ["bash"]
    ```

    **Fix safety:** safe between and behind instructions; within one the blanks may be part of a script, and stay.

    **Source:** our own; formatters of Dockerfiles take them away too.
    """
    spans = [Span(match.start(), match.end()) for match in BLANKS.finditer(doc.text)]
    if spans:
        edits = tuple(Edit(span, "") for span in spans if not _is_inside(doc, span))
        fix: Fix | Refusal = Refusal("the blanks stand within an instruction, where they may be meant: take them away by hand")
        if edits:
            fix = Fix("remove trailing whitespace", edits, Applicability.SAFE)
        more = f", and {len(spans) - 1} more" if len(spans) > 1 else ""
        yield answered(spans[0], f"trailing whitespace on this line{more}", fix)


def _is_inside(doc: Dockerfile, span: Span) -> bool:
    index = bisect_right(doc.instructions, span.start, key=lambda node: node.span.start) - 1
    return index >= 0 and span.start < doc.instructions[index].span.end
