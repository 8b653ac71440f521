"""DF303: an artefact is built by a second Dockerfile beside this one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint import nodes
from dockerlint.lint.findings import Finding, Severity
from dockerlint.lint.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.facts import Facts
    from dockerlint.lint.nodes import Dockerfile

BUILDERS = ("Dockerfile.build", "Dockerfile.builder", "build.Dockerfile")


@rule("DF303", name="builder-pattern", severity=Severity.INFO)
def builder_pattern(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """An artefact is built by a second Dockerfile beside this one.

    Before there were stages, one image built the artefact, a script copied it out, and a second image took it in. A file of
    two stages does the same in one build, without the script and without a file that lies about stale.

    ```context Dockerfile.build
    FROM golang:1.23
    RUN go build -o app .
    ```

    ```dockerfile bad
    FROM alpine:3.20
    COPY app .
    CMD ["./app"]
    ```

    ```dockerfile good
    FROM golang:1.23 AS build
    RUN go build -o app .
    FROM alpine:3.20
    COPY --from=build /go/app .
    CMD ["./app"]
    ```

    **Source:** Docker's guide on multi-stage builds.
    """
    if facts.context is None or len(doc.stages) != 1:
        return
    builder = next((name for name in BUILDERS if (facts.context.root / name).is_file()), None)
    if builder is None:
        return
    for copy in doc.stages[0].all(nodes.Copy):
        missing = [word.text for word in copy.paths if not facts.context.select(word.text)]
        if copy.from_ is None and missing and "://" not in missing[0]:
            message = f"{missing[0]} is not in the context: {builder} builds it; both fit into one file of two stages"
            yield Finding("DF303", copy.span, message)
            return
