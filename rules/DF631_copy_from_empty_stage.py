"""DF631: COPY takes files from an empty stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile


@rule(name="copy-from-empty-stage", severity=Severity.ERROR, needs=("scratch",))
def copy_from_empty_stage(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """COPY takes files from an empty stage.

    A stage FROM scratch holds only what it copies or adds. Without either, the build fails.

    ```dockerfile bad
    FROM scratch AS assets
    LABEL what=assets

    FROM debian:bookworm-slim
    COPY --from=assets /static /srv/static
    ```

    ```dockerfile good
    FROM scratch AS assets
    COPY static /static

    FROM debian:bookworm-slim
    COPY --from=assets /static /srv/static
    ```

    **Source:** Docker's guide on base images, scratch.
    """
    for stage in doc.stages:
        for node, reference, source in facts.graph.sources(stage):
            # a stage of nothing but FROM stands for a build context of that name
            if source is None or not source.instructions or facts.image(source) != "scratch":
                continue
            makers = (item for part in facts.graph.lineage(source) for item in part.instructions)
            if not any(isinstance(item, nodes.Copy | nodes.Run | nodes.Workdir | nodes.Bad) for item in makers):
                flag = node.flag("from") or node.keyword
                yield Finding(
                    flag.span, f"stage {reference} is empty: it is FROM scratch and adds no files"
                )
