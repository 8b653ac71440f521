"""DF722: several commands are on one long line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile

LONGEST = 120


@rule(name="long-line", severity=Severity.STYLE, recommended=False)
def long_line(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """Several commands are on one long line.

    One command a line is easier to read, and a change shows what was changed.

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates curl git jq unzip wget && rm -rf /var/lib/apt/lists/*
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    RUN apt-get update \\
        && apt-get install -y --no-install-recommends ca-certificates curl git jq unzip wget \\
        && rm -rf /var/lib/apt/lists/*
    ```

    **Source:** Docker's guide on best practices, RUN; SonarQube S7020.
    """
    for run in facts.every(nodes.Run):
        script = facts.script(run)
        line = doc.line_span(doc.line(run.span.start))
        if (
            script
            and len(script.top) > 1
            and line.end - line.start > LONGEST
            and doc.line(run.span.end) == doc.line(run.span.start)
        ):
            yield Finding(
                run.keyword.span,
                f"{len(script.top)} commands on one line of {line.end - line.start} characters",
            )
