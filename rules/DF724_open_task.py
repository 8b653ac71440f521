"""DF724: a comment says TODO or the like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax.span import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.syntax.nodes import Dockerfile

MARK = regex(r"\b(?:TODO|FIXME|XXX|HACK)\b")


@rule(name="open-task", severity=Severity.STYLE, recommended=False, needs=("#",))
def open_task(doc: Dockerfile) -> Iterator[Finding]:
    """A comment says TODO or the like.

    ```dockerfile bad
    # TODO: use the slim variant
    FROM debian:bookworm
    ```

    ```dockerfile good
    # the slim variant lacks the fonts
    FROM debian:bookworm
    ```

    **Source:** SonarQube S1135.
    """
    for comment in doc.comments:
        match = MARK.search(doc.source(comment.span))
        if match:
            start = comment.span.start + match.start()
            yield Finding(
                Span(start, start + len(match[0])), f"{match[0].upper()} comment: work is left to do"
            )
