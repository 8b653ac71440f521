"""DF301: the image ships the compilers and sources that built it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.effects.footprint import commands
from dockerlint.lint.catalogue.tool import removed_paths
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.shell.script import Command
    from dockerlint.lint.syntax.nodes import Dockerfile, Stage


@rule(name="multi-stage-opportunity", severity=Severity.INFO)
def multi_stage_opportunity(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """The image ships the compilers and sources that built it.

    Compilers, headers, sources and caches of the build stay in the image that runs. A second stage with only the artefact is
    often a tenth of the size and has less to attack.

    ```dockerfile bad
    FROM golang:1.23
    WORKDIR /src
    COPY . .
    RUN CGO_ENABLED=0 go build -o /usr/local/bin/app .
    EXPOSE 8080
    USER 1000
    CMD ["app"]
    ```

    ```dockerfile fixed
    FROM golang:1.23 AS build
    WORKDIR /src
    COPY . .
    RUN CGO_ENABLED=0 go build -o /usr/local/bin/app .

    FROM gcr.io/distroless/static-debian12:nonroot
    WORKDIR /src
    COPY --from=build /usr/local/bin/app /usr/local/bin/app
    EXPOSE 8080
    USER 1000
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

    The fix reads what is built from the file and the context: where Go, Cargo, make, CMake, Maven, Gradle or .NET put the
    program, which shared libraries and packages it needs, which files its source names. dlint does not guess what they do not
    say: then there is no fix, and the message says what is missing.

    **Fix safety:** always unsafe: the program may read files that now stay behind; the fix names what does.

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
                yield _finding(facts, stage, command, name)
                return


def _finding(facts: Facts, stage: Stage, command: Command, name: str) -> Finding:
    # most files have nothing to split: what works it out is read when it is needed
    from dockerlint.fixers.multistage.split_stage import fix, plan
    from dockerlint.fixers.refusal import Refusal, answered

    found = plan(facts, stage)
    message = f"`{name}` builds in the image that ships: a build stage would keep its tools and sources out"
    return answered(command.span, message, found if isinstance(found, Refusal) else fix(facts, found))


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
