"""DF104: the package index is refreshed in one RUN and used in another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.merge import merge_down, trust
from dockerlint.fixers.refusal import Refusal, answered
from dockerlint.lint.engine.findings import Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.tool import Invocation
    from dockerlint.lint.syntax.nodes import Dockerfile


@rule(name="update-split-from-install", severity=Severity.WARNING)
def update_split_from_install(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """The package index is refreshed in one RUN and used in another.

    When the install changes, the refresh still comes from the cache: packages are looked up in an index of weeks ago, and
    the build fails once the mirrors have dropped them. The lists also ship in a layer that no later step can shrink.

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN apt-get update
    RUN apt-get install -y curl
    ```

    ```dockerfile fixed
    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y curl
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*
    ```

    **Fix safety:** safe when both steps have the same user, folder, shell and variables, and nothing lies between them
    that either could notice; otherwise unsafe. Scripts that are more than commands joined by `&&` are left alone.

    **Source:** Docker's guide on best practices, apt-get.
    """
    for stage in doc.stages:
        runs = list(stage.all(nodes.Run))
        for index, run in enumerate(runs):
            yield from _check(facts, run, runs[index + 1 :])


def _check(facts: Facts, run: nodes.Run, following: list[nodes.Run]) -> Iterator[Finding]:
    refresh = _lonely_refresh(facts, run)
    if refresh is None or all(facts.mounted(run, item.path) for item in refresh.tool.caches if item.role == "index"):
        return
    for later in following:
        uses = [item for item in facts.invocations(later) if item.tool is refresh.tool]
        if any(item.action == "refresh" for item in uses):
            return
        if any(item.action == "install" for item in uses):
            edits = merge_down(facts, run, later)
            fix: Fix | Refusal = Refusal("the two RUNs differ in more than their commands, or one is no plain chain of `&&`: merge them by hand")
            if edits:
                fix = Fix("refresh the index in the RUN that installs", edits, trust(facts, run, later))
            name = refresh.name
            message = f"`{name}` is in a layer of its own: `{facts.brief(later)}` (line {facts.doc.line(later.span.start)}) may work with a stale index"
            yield answered(refresh.command.span, message, fix)
            return


def _lonely_refresh(facts: Facts, run: nodes.Run) -> Invocation | None:
    """The refresh of a RUN that installs nothing with it."""
    found = [item for item in facts.invocations(run) if item.tool.kind == "system"]
    refreshes = [item for item in found if item.action == "refresh"]
    if not refreshes or any(item.action in ("install", "upgrade") for item in found):
        return None
    return refreshes[0] if any(item.role == "index" for item in refreshes[0].tool.caches) else None
