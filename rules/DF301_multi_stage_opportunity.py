"""DF301: what is built is shipped with all that built it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.footprint import commands
from dockerlint.lint import nodes
from dockerlint.lint.findings import Finding, Severity
from dockerlint.lint.rule import rule
from dockerlint.lint.tools import removed_paths

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.facts import Facts
    from dockerlint.lint.nodes import Dockerfile
    from dockerlint.lint.shell import Command

@rule("DF301", name="multi-stage-opportunity", severity=Severity.WARNING)
def multi_stage_opportunity(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """What is built is shipped with all that built it.

    Compilers, headers, sources and caches of the build stay in the image that runs. A second stage that takes no more than
    the artefact is often a tenth of the size, and offers less to attack.

    ```dockerfile bad
    FROM golang:1.23
    WORKDIR /src
    COPY . .
    RUN go build -o /usr/local/bin/app .
    CMD ["app"]
    ```

    ```dockerfile good
    FROM golang:1.23 AS build
    WORKDIR /src
    COPY . .
    RUN CGO_ENABLED=0 go build -o /app .

    FROM gcr.io/distroless/static-debian12
    COPY --from=build /app /app
    CMD ["/app"]
    ```

    **Source:** Docker's guide on multi-stage builds.
    """
    if len(doc.stages) != 1:
        return
    (stage,) = doc.stages
    if not any(isinstance(node, nodes.Cmd | nodes.Entrypoint) for node in stage.instructions):
        return
    for run in stage.all(nodes.Run):
        if _clears_up(facts, run):
            continue
        for command in facts.commands(run):
            if name := _artefact(command):
                message = f"`{name}` builds in the image that ships: its tools and sources stay in it; a build stage would leave them behind"
                yield Finding("DF301", command.span, message)
                return


def _clears_up(facts: Facts, run: nodes.Run) -> bool:
    """Whether a RUN takes its build tools or sources away again before its layer is written."""
    if any(invocation.action == "remove" for invocation in facts.invocations(run)):
        return True
    caches = {cache.path for item in facts.invocations(run) for cache in item.tool.caches}
    return any(path not in caches and path != "/var/lib/apt/lists" for path, _ in removed_paths(facts.commands(run)))


def _artefact(command: Command) -> str | None:
    name = command.name.rsplit("/", 1)[-1]
    wanted = commands().artefacts.get(name)
    if wanted is None:
        return None
    words = [word.text for word in command.arguments if not word.text.startswith("-")]
    if not wanted:
        return name
    line = " ".join(words)
    return next((f"{name} {item}" for item in wanted if f" {item} " in f" {line} "), None)
