"""DL3066: USER names a user instead of giving its number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import User

NUMBER = regex(r"[0-9]*")


@rule(name="user-by-name", severity=Severity.INFO, recommended=False, needs=("user",))
def user_by_name(facts: Facts) -> Iterator[Finding]:
    """USER names a user instead of giving its number.

    Kubernetes cannot tell a name from root's: with `runAsNonRoot` it refuses to start the container. Files in volumes
    belong to numbers, too.

    ```dockerfile bad
    FROM node:22-slim
    USER node
    ```

    ```dockerfile good
    FROM node:22-slim
    USER 1000:1000
    ```

    **Source:** hadolint DL3066; the Kubernetes documentation, security context.
    """
    # hadolint 2.15.1 believes in every variable that an ARG above declares, wherever that stands (measured)
    declared: list[str] = []
    for node in facts.every(nodes.Instruction, triggers=not facts.as_hadolint):
        if facts.as_hadolint and isinstance(node, nodes.Arg):
            declared += [pair.key.text for pair in node.pairs]
        if not isinstance(node, nodes.User):
            continue
        text = _rest_of_line(facts, node) if facts.as_hadolint else facts.expand(node.argument.text, node)
        if text is None or any(f"${name}" in text or f"${{{name}}}" in text for name in declared):
            continue
        user = text.partition(":")[0]
        if not NUMBER.fullmatch(user):
            yield Finding(node.argument.span, f"`USER {user}` is a name: Kubernetes needs a number to know that it is not root")


def _rest_of_line(facts: Facts, node: User) -> str:
    """The user as hadolint 2.15.1 reads it: blanks at the line's end are part of it (measured)."""
    span = node.argument.span
    line = facts.doc.line_span(facts.doc.line(span.end - 1))
    return node.argument.text + facts.doc.text[span.end : line.end]
