"""DL3001: a RUN calls a command that has no use in a build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.analysis.program_calls import calls
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts

# hadolint 2.15.1 names `ifconfig` too, but does not find it (measured).
HADOLINTS = frozenset("ssh vim shutdown service ps free top kill mount".split())
OTHERS = frozenset("ifconfig vi nano emacs htop reboot poweroff systemctl".split())


@rule(name="interactive-command", severity=Severity.INFO, recommended=False)
def interactive_command(facts: Facts) -> Iterator[Finding]:
    """A RUN calls a command that has no use in a build.

    A build has no services, no user at a terminal and no processes but its own: a service that a RUN starts ends with the RUN.

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN service postgresql start
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y vim ssh
    ```

    **Source:** hadolint DL3001.
    """
    names = HADOLINTS if facts.as_hadolint else HADOLINTS | OTHERS
    for run in facts.every(nodes.Run):
        found = next(calls(facts, run, *names), None)
        if found is not None:
            message = f"`{found.name}` is for a running machine: it has no lasting effect in a build"
            yield Finding(found.command.span, message)
