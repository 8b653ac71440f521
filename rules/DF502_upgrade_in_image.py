"""DF502: a RUN upgrades all packages of the base image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts


@rule(name="upgrade-in-image", severity=Severity.INFO, recommended=False)
def upgrade_in_image(facts: Facts) -> Iterator[Finding]:
    """A RUN upgrades all packages of the base image.

    Two builds of one file give different images, and each upgraded package is stored twice: in the base's layer and in this one. A
    newer base image does the same, and can be pinned.

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN apt-get update && apt-get upgrade -y && apt-get install -y curl
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y curl
    ```

    **Source:** Docker's guide on best practices; the package managers' manual pages.
    """
    for run in facts.every(nodes.Run):
        for invocation in facts.invocations(run):
            if invocation.tool.kind == "system" and invocation.action == "upgrade" and not invocation.operands:
                name = invocation.name
                yield Finding(
                    invocation.command.span,
                    f"`{name}` makes every build different and stores the upgraded packages twice",
                )
