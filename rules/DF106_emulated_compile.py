"""DF106: a compiler that could cross-compile runs under emulation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint import nodes
from dockerlint.lint.findings import Finding, Severity
from dockerlint.lint.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.facts import Facts
    from dockerlint.lint.nodes import Dockerfile


@rule("DF106", name="emulated-compile", severity=Severity.INFO, recommended=False)
def emulated_compile(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A compiler that could cross-compile runs under emulation when the image is built for another platform.

    The stage is built for the target's platform, so on any other machine each instruction of the compiler is emulated. A
    stage on the build platform compiles at full speed for the target that TARGETOS and TARGETARCH name.

    ```dockerfile bad
    FROM golang:1.23 AS build
    COPY . /src
    RUN cd /src && CGO_ENABLED=0 go build -o /app .

    FROM scratch
    COPY --from=build /app /app
    ```

    ```dockerfile good
    FROM --platform=$BUILDPLATFORM golang:1.23 AS build
    ARG TARGETOS TARGETARCH
    COPY . /src
    RUN cd /src && CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -o /app .

    FROM scratch
    COPY --from=build /app /app
    ```

    **Source:** Docker's guide on multi-platform builds, cross-compilation.
    """
    del doc
    for stage in facts.doc.stages:
        if facts.ships(stage) or stage.from_.flag("platform") or facts.graph.parent(stage):
            continue
        for run in stage.all(nodes.Run):
            builds = [item for item in facts.invocations(run) if item.tool.cross_compiles and item.action == "build"]
            if builds:
                name = f"{builds[0].tool.name} {builds[0].subcommand}"
                message = f"`{name}` runs emulated when the image is for another platform: the stage has no --platform=$BUILDPLATFORM"
                yield Finding("DF106", stage.from_.image.span, message)
                break
