"""DF640: the file has no FROM, so there is nothing to build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.syntax.nodes import Dockerfile


@rule(name="no-stage", severity=Severity.ERROR)
def no_stage(doc: Dockerfile) -> Iterator[Finding]:
    """The file has no FROM, so there is nothing to build.

    ```dockerfile bad
    ARG VERSION=12
    ```

    ```dockerfile good
    ARG VERSION=12
    FROM debian:$VERSION
    ```

    **Source:** the Dockerfile reference, FROM: a file must have one.
    """
    if doc.instructions and not doc.stages and all(isinstance(node, nodes.Arg) for node in doc.instructions):
        yield Finding(doc.instructions[0].keyword.span, "no FROM: there is nothing to build")
