"""DF503: a base image is not pinned by its digest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile


@rule(name="base-without-digest", severity=Severity.INFO, recommended=False)
def base_without_digest(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A base image is not pinned by its digest.

    Tags move: the same file builds on another base next week. A digest names one image for ever; tools such as Renovate keep it up
    to date.

    ```dockerfile bad
    FROM debian:bookworm-slim
    ```

    ```dockerfile good
    FROM debian:bookworm-slim@sha256:b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c
    ```

    **Source:** Docker's guide on best practices, "Pin base image versions".
    """
    for stage in doc.stages:
        image = facts.expand_global(stage.from_.image.text)
        if facts.graph.parent(stage) is None and image not in (None, "scratch") and "@" not in (image or ""):
            yield Finding(
                stage.from_.image.span,
                f"{image} may be another image tomorrow: it is not pinned by its digest",
            )
