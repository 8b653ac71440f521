"""DF635: files are copied after USER, and still belong to root."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.shell.script import is_shell
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile


@rule(name="copy-after-user", severity=Severity.INFO, recommended=False)
def copy_after_user(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """Files are copied after USER, and still belong to root.

    COPY does not look at USER: without --chown what it brings belongs to root. Somebody who puts it below USER may expect the
    application to be able to write there.

    ```dockerfile bad
    FROM node:22-slim
    USER node
    COPY . /app
    ```

    ```dockerfile good
    FROM node:22-slim
    COPY . /app
    USER node
    ```

    **Source:** the Dockerfile reference, `COPY --chown`.
    """
    for stage in doc.stages:
        if not facts.ships(stage):
            continue
        changed = False
        for node in stage.instructions:
            changed = changed or isinstance(node, nodes.User)
            if (
                isinstance(node, nodes.Copy)
                and changed
                and not node.flag("chown")
                and (user := _other_user(facts, node))
            ):
                yield Finding(
                    node.keyword.span,
                    f"root will own these files, not {user}: COPY follows --chown, not USER",
                )


def _other_user(facts: Facts, copy: nodes.Copy) -> str | None:
    """The user that is not root, where files have owners by number: not on Windows."""
    state = facts.state(copy)
    if not state.user or state.user.partition(":")[0] in ("root", "0") or not is_shell(state.shell[0]):
        return None
    return state.user
