"""DF303: a second Dockerfile builds what this one copies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile

BUILDERS = ("Dockerfile.build", "Dockerfile.builder", "build.Dockerfile")


@rule(name="builder-pattern", severity=Severity.INFO)
def builder_pattern(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A second Dockerfile builds what this one copies.

    Before there were stages, one image built the artefact, a script copied it out, and a second image took it in. A file of
    two stages does the same in one build, without the script and without a file that lies about stale.

    ```context Dockerfile.build
    FROM golang:1.23
    WORKDIR /src
    COPY main.go .
    RUN CGO_ENABLED=0 go build -o app main.go
    ```

    ```dockerfile bad
    FROM alpine:3.20
    COPY app .
    CMD ["./app"]
    ```

    ```dockerfile fixed
    FROM golang:1.23 AS build
    WORKDIR /src
    COPY main.go .
    RUN CGO_ENABLED=0 go build -o app main.go

    FROM alpine:3.20
    COPY --from=build /src/app .
    CMD ["./app"]
    ```

    ```dockerfile good
    FROM golang:1.23 AS build
    RUN go build -o app .
    FROM alpine:3.20
    COPY --from=build /go/app .
    CMD ["./app"]
    ```

    **Fix safety:** always unsafe, for the script that ran both builds has one left to run. There is none where the second file does
    not say by `-o`, and by `cp` or `mv`, where the artefact is.

    **Source:** Docker's guide on multi-stage builds.
    """
    if facts.context is None or len(doc.stages) != 1 or not any(doc.stages[0].all(nodes.Copy)):
        return
    builder = next((name for name in BUILDERS if facts.context.beside(name) is not None), None)
    if builder is None:
        return
    # few files have such a neighbour: what reads it is loaded when there is one
    from dockerlint.fixers.multistage.builder_pattern import merge, missing
    from dockerlint.fixers.refusal import answered

    for copy in doc.stages[0].all(nodes.Copy):
        words = missing(facts, copy)
        if words:
            fix = merge(facts, builder)
            message = f"{words[0].text} is not in the context, {builder} builds it: make them one file with two stages"
            yield answered(copy.span, message, fix)
            return
