"""DF630: RUN is used in a stage without a shell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile


@rule(name="run-in-scratch", severity=Severity.ERROR, needs=("scratch",))
def run_in_scratch(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """RUN is used in a stage without a shell.

    `scratch` is empty: there is no program to run until one is copied. The build fails at this step.

    ```dockerfile bad
    FROM scratch
    RUN echo ready
    ```

    ```dockerfile good
    FROM scratch
    ADD rootfs.tar.gz /
    RUN echo ready
    ```

    **Source:** the Dockerfile reference, RUN; Docker's guide on base images, scratch.
    """
    for stage in doc.stages:
        line = facts.graph.lineage(stage)
        if facts.image(stage) != "scratch" or any(any(parent.all(nodes.Copy)) for parent in line[1:]):
            continue
        for node in stage.instructions:
            if isinstance(node, nodes.Copy):
                break
            if isinstance(node, nodes.Run) and not any(mount.kind == "bind" for mount in facts.mounts(node)):
                yield Finding(
                    node.keyword.span, "scratch is empty: RUN has no program to start"
                )
                break
