"""DF302: the final image does not use a stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile


@rule(name="unused-stage", severity=Severity.INFO)
def unused_stage(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """The final image does not use a stage.

    BuildKit skips it, older builders build it for nothing, and readers take it for a part of the image. A stage with a name may
    be meant for `--target`, so it is reported only when all rules are asked for, and not when a target is given.

    ```dockerfile bad
    FROM golang:1.23
    RUN go install example.com/app@v1.2.0

    FROM debian:bookworm-slim
    COPY app /usr/local/bin/
    ```

    ```dockerfile good
    FROM golang:1.23 AS build
    RUN go install example.com/app@v1.2.0

    FROM debian:bookworm-slim
    COPY --from=build /go/bin/app /usr/local/bin/
    ```

    **Source:** Docker's guide on multi-stage builds: only the stages that the target needs are built.
    """
    if facts.settings.target is not None or _is_chosen_by_argument(doc, facts):
        return
    target = facts.graph.target
    for stage in doc.stages:
        if stage.index in facts.graph.needed or (facts.quiet and stage.name):
            continue
        image = stage.from_.image
        name = stage.from_.alias.text if stage.from_.alias else f"`FROM {image.text}`"
        built = target.from_.alias.text if target and target.from_.alias else "the last stage"
        yield Finding((stage.from_.alias or image).span, f"{built} uses nothing from {name}: the builder skips it")


def _is_chosen_by_argument(doc: Dockerfile, facts: Facts) -> bool:
    """Whether a variable of FROM names a stage, or may do so."""
    names = {stage.name for stage in doc.stages if stage.name}
    images = (facts.expand_global(stage.from_.image.text) for stage in doc.stages if "$" in stage.from_.image.text)
    return any(image is None or image.lower() in names for image in images)
