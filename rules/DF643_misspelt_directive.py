"""DF643: a misspelt directive is only a comment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax.did_you_mean import most_alike
from dockerlint.lint.syntax.span import Edit, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.syntax.nodes import Dockerfile

DIRECTIVE = regex(r"#\s*([A-Za-z]+)\s*=\s*(?:\S*dockerfile\S*|[`\\]|skip=\S+|error=\S+)\s*")
KNOWN = ("syntax", "escape", "check")


@rule(name="misspelt-directive", severity=Severity.WARNING, needs=("#",))
def misspelt_directive(doc: Dockerfile) -> Iterator[Finding]:
    """A misspelt directive is only a comment.

    ```dockerfile bad
    # sytnax=docker/dockerfile:1
    FROM debian:bookworm-slim
    ```

    ```dockerfile fixed
    # syntax=docker/dockerfile:1
    FROM debian:bookworm-slim
    ```

    ```dockerfile good
    # syntax=docker/dockerfile:1
    FROM debian:bookworm-slim
    ```

    **Fix safety:** always unsafe: the directive takes effect from now on.

    **Source:** the Dockerfile reference, "Parser directives".
    """
    first = doc.instructions[0].span.start if doc.instructions else len(doc.text)
    names = {item.name for item in doc.directives}
    for comment in doc.comments:
        text = doc.source(comment.span)
        match = DIRECTIVE.fullmatch(text) if "=" in text else None
        if comment.span.start > first or match is None:
            continue
        near = most_alike(match[1].lower(), KNOWN)
        if near and near not in names and match[1].lower() != near:
            span = Span(comment.span.start + match.start(1), comment.span.start + match.end(1))
            fix = Fix(f"use `{near}`", (Edit(span, near),), Applicability.UNSAFE)
            yield Finding(span, f"`{match[1]}` is not a directive: did you mean {near}?", fix)
