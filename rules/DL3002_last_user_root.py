"""DL3002: the last USER of the image is root."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile, Stage, User

ROOT = frozenset({"root", "0"})


@rule(name="last-user-root", severity=Severity.WARNING, needs=("user",))
def last_user_root(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """The last USER of the image is root.

    The container's processes then run as root: an attacker who breaks into one has the whole container, and a shorter way to
    the host. By default dlint checks only the final stage; a build stage can end as root.

    ```dockerfile bad
    FROM node:22-slim
    USER root
    RUN npm install -g pm2
    CMD ["pm2-runtime", "server.js"]
    ```

    ```dockerfile good
    FROM node:22-slim
    USER root
    RUN npm install -g pm2
    USER node
    CMD ["pm2-runtime", "server.js"]
    ```

    **Source:** hadolint DL3002; Docker's guide on best practices, USER.
    """
    for stage in doc.stages:
        node = _last(stage)
        if node is not None and _is_root(facts, node) and (not facts.quiet or _decides(facts, stage)):
            yield Finding(node.span, "the last USER is root")


def _last(stage: Stage) -> User | None:
    return max(stage.all(nodes.User), key=lambda node: node.span, default=None)


def _is_root(facts: Facts, node: User) -> bool:
    text = node.argument.text if facts.as_hadolint else facts.expand(node.argument.text, node)
    return text is not None and text.partition(":")[0] in ROOT


def _decides(facts: Facts, stage: Stage) -> bool:
    """Whether the target's user is the one that this stage sets."""
    target = facts.graph.target
    if target is None:
        return False
    return next((item for item in facts.graph.lineage(target) if _last(item)), None) is stage
