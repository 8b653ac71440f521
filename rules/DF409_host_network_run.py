"""DF409: a RUN uses the network of the build machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts


@rule(name="host-network-run", severity=Severity.WARNING, needs=("--network",))
def host_network_run(facts: Facts) -> Iterator[Finding]:
    """A RUN uses the network of the build machine.

    `--network=host` lets the RUN reach everything that listens on that machine, including services on localhost and the cloud's
    metadata, and the result depends on the machine.

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN --network=host curl -fsS http://localhost:8080/schema.json -o /schema.json
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    RUN --network=none make test
    ```

    **Source:** the Dockerfile reference, `RUN --network`; SonarQube S6431.
    """
    for run in facts.every(nodes.Run):
        flag = run.flag("network")
        if flag and flag.value == "host":
            yield Finding(
                flag.span, "`--network=host` lets this RUN reach every service on the build machine"
            )
