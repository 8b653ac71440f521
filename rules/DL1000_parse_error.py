"""DL1000: what the builder would refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.syntax.nodes import Dockerfile


@rule(name="parse-error", severity=Severity.ERROR)
def parse_error(doc: Dockerfile) -> Iterator[Finding]:
    """The builder refuses the file.

    A bad instruction is one finding; the others are read and checked as if it were not there.

    ```dockerfile bad
    FROM alpine:3.20
    COYP app /app
    ```

    ```dockerfile good
    FROM alpine:3.20
    COPY app /app
    ```

    **Source:** the Dockerfile reference, and BuildKit's parser where the reference is silent.
    """
    for problem in doc.problems:
        yield Finding(problem.span, problem.message)
