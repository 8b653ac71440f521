"""DF106: a compiler that could cross-compile runs under emulation when the image is built for another platform."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.image.cross_compile import cross_compile
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts


@rule(name="emulated-compile", severity=Severity.INFO, recommended=False)
def emulated_compile(facts: Facts) -> Iterator[Finding]:
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

    ```dockerfile fixed
    FROM --platform=$BUILDPLATFORM golang:1.23 AS build
    COPY . /src
    ARG TARGETOS TARGETARCH
    RUN cd /src && CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -o /app .

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

    **Fix safety:** always unsafe: other steps of the stage then run on the build platform too, and 32-bit ARM below version 7
    needs GOARM. The fix covers only `go build` without C, where other stages copy nothing else that depends on the platform;
    the message says what prevents it.

    **Source:** Docker's guide on multi-platform builds, cross-compilation.
    """
    for stage in facts.doc.stages:
        if facts.ships(stage) or stage.from_.flag("platform") or facts.graph.parent(stage):
            continue
        for run in stage.all(nodes.Run):
            builds = [item for item in facts.invocations(run) if item.tool.cross_compiles and item.action == "build"]
            if builds:
                name = f"{builds[0].tool.name} {builds[0].subcommand}"
                fix, reason = cross_compile(facts, stage)
                end = f"no fix: {reason}" if reason else "use `FROM --platform=$BUILDPLATFORM` and cross-compile"
                message = f"`{name}` runs under slow emulation when the image is for another platform; {end}"
                yield Finding(stage.from_.image.span, message, fix)
                break
