"""DL3061: an instruction other than ARG comes before the first FROM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.syntax.nodes import Dockerfile


@rule(name="instruction-before-from", severity=Severity.ERROR)
def instruction_before_from(doc: Dockerfile) -> Iterator[Finding]:
    """An instruction other than ARG comes before the first FROM.

    There is no stage yet that it could belong to, and the builder refuses the file.

    ```dockerfile bad
    ENV TZ=UTC
    FROM alpine:3.20
    ```

    ```dockerfile good
    ARG VERSION=3.20
    FROM alpine:${VERSION}
    ENV TZ=UTC
    ```

    **Source:** the Dockerfile reference, FROM: only ARG may precede it.
    """
    for node in doc.preamble:
        if not isinstance(node, nodes.Arg | nodes.Bad):
            yield Finding(node.keyword.span, f"`{node.name}` comes before the first FROM: only ARG may")
            return
