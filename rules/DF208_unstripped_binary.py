"""DF208: a Go program keeps its debug information."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts


@rule(name="unstripped-binary", severity=Severity.INFO, recommended=False, needs=("go",))
def unstripped_binary(facts: Facts) -> Iterator[Finding]:
    """A Go program keeps its debug information.

    `-ldflags="-s -w"` leaves them out: a quarter to a third of the file. Stack traces still name functions and lines.

    ```dockerfile bad
    FROM golang:1.23 AS build
    COPY . /src
    RUN cd /src && go build -o /app .
    ```

    ```dockerfile good
    FROM golang:1.23 AS build
    COPY . /src
    RUN cd /src && go build -ldflags="-s -w" -o /app .
    ```

    **Source:** `go tool link`, options -s and -w.
    """
    for run in facts.every(nodes.Run):
        source = facts.doc.source(run.span)
        if any(word in source for word in ("ldflags", "LDFLAGS", "strip", "upx", "gcflags", "-race")):
            continue
        if any(name in facts.state(run).env for name in ("GOFLAGS", "LDFLAGS")):
            continue
        for invocation in facts.invocations(run):
            if invocation.tool.name == "go" and invocation.subcommand == "build":
                yield Finding(
                    invocation.command.span,
                    '`go build` without `-ldflags="-s -w"` keeps debug information in the program',
                )
                break
