"""DF706: a continued instruction has empty lines in it."""

from __future__ import annotations

from bisect import bisect_right
from itertools import groupby
from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.span import Edit, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.syntax.nodes import Dockerfile, Instruction


@rule(
    name="empty-continuation",
    severity=Severity.STYLE,
    aliases=("NoEmptyContinuation",),
    recommended=False,
)
def empty_continuation(doc: Dockerfile) -> Iterator[Finding]:
    """A continued instruction has empty lines in it.

    Readers take the empty line for the end of the instruction, but the builder goes on. Builders warn that they will refuse it
    one day. Comment lines are fine.

    ```dockerfile bad
    FROM alpine:3.20
    RUN apk add --no-cache \\

          curl
    ```

    ```dockerfile fixed
    FROM alpine:3.20
    RUN apk add --no-cache \\
          curl
    ```

    ```dockerfile good
    FROM alpine:3.20
    RUN apk add --no-cache \\
          # for the health check
          curl
    ```

    **Fix safety:** safe: the builder passes over these lines.

    **Source:** BuildKit's check NoEmptyContinuation.
    """
    starts = [node.span.start for node in doc.instructions]
    for index, group in groupby(doc.blank_continuations, key=lambda blank: bisect_right(starts, blank.start) - 1):
        # above the first instruction there may be lines of nothing but an escape character
        if index >= 0:
            node, own = doc.instructions[index], list(group)
            edits = tuple(Edit(Span(blank.start, _next_line(doc, blank.end)), "") for blank in own)
            fix = Fix("remove the empty lines", edits, Applicability.SAFE)
            message = f"`{node.name}` has an empty line in it (line {doc.line(own[0].start)})"
            yield Finding(_last_line(doc, node, own[-1]), message, fix)


def _last_line(doc: Dockerfile, node: Instruction, blank: Span) -> Span:
    """The line that ends the instruction but for its heredocs, where BuildKit reports it."""
    target = node.trigger if isinstance(node, nodes.Onbuild) else node
    heredocs = target.heredocs if isinstance(target, nodes.Run | nodes.Copy) else ()
    end = heredocs[0].body.start - 1 if heredocs else node.span.end
    return doc.line_span(doc.line(max(end, blank.start)))


def _next_line(doc: Dockerfile, at: int) -> int:
    end = doc.text.find("\n", at)
    return len(doc.text) if end < 0 else end + 1
