"""DF423: the application can change its own code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts


@rule(name="code-writable-by-its-user", severity=Severity.INFO, recommended=False, needs=("user",))
def code_writable_by_its_user(facts: Facts) -> Iterator[Finding]:
    """The application can change its own code.

    An attacker who can make the process write a file can plant code. Files that root owns and everyone can read work as well.

    ```dockerfile bad
    FROM node:22-slim
    COPY --chown=node:node . /app
    USER node
    CMD ["node", "/app/index.js"]
    ```

    ```dockerfile good
    FROM node:22-slim
    COPY . /app
    USER node
    CMD ["node", "/app/index.js"]
    ```

    **Source:** SonarQube S6504.
    """
    target = facts.graph.target
    if target is None:
        return
    user = (facts.final(target).user or "").partition(":")[0]
    if user in ("", "root", "0"):
        return
    for stage in facts.graph.lineage(target):
        for copy in stage.all(nodes.Copy):
            flag = copy.flag("chown")
            if flag and flag.value and flag.value.partition(":")[0] == user and facts.is_bulky(copy):
                yield Finding(
                    flag.span, f"{user} owns {copy.destination.text} and runs it: a compromised program can change its own code"
                )
