"""DF408: a RUN runs without the builder's sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts


@rule(name="insecure-run", severity=Severity.WARNING, needs=("--security",))
def insecure_run(facts: Facts) -> Iterator[Finding]:
    """A RUN runs without the builder's sandbox.

    `--security=insecure` gives the step all rights of the builder on its machine: what a build script does there reaches
    further than the image.

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN --security=insecure mount -t tmpfs none /mnt
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    RUN --mount=type=tmpfs,target=/mnt ls /mnt
    ```

    **Source:** the Dockerfile reference, `RUN --security`; SonarQube S6502.
    """
    for run in facts.every(nodes.Run):
        flag = run.flag("security")
        if flag and flag.value == "insecure":
            yield Finding(
                flag.span, "`--security=insecure` gives this RUN root's rights on the build machine"
            )
