"""DL3021: COPY or ADD of several sources needs a destination that ends with a slash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.edits import insert
from dockerlint.fixers.refusal import Refusal, answered
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Copy, Dockerfile

FOLDERS = ("/", "/.", "/..")


@rule(name="copy-without-slash", severity=Severity.ERROR, needs=("copy", "add"))
def copy_without_slash(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """COPY or ADD of several sources needs a destination that ends with a slash.

    The destination must be a folder then, and a builder knows it for one by the slash. `.` and `..` are folders by
    themselves.

    ```dockerfile bad
    FROM node:22-slim
    COPY package.json package-lock.json /app
    ```

    ```dockerfile fixed
    FROM node:22-slim
    COPY package.json package-lock.json /app/
    ```

    ```dockerfile good
    FROM node:22-slim
    WORKDIR /app
    COPY package.json package-lock.json .
    ```

    **Fix safety:** safe: a destination of several sources can only be a folder.

    **Source:** hadolint DL3021; the Dockerfile reference, COPY.
    """
    for node in facts.every(nodes.Copy, triggers=not facts.as_hadolint):
        if len(node.sources) < 2 or (facts.as_hadolint and isinstance(node, nodes.Add)):
            continue
        if not _is_folder(doc, facts, node):
            message = f"`{node.name}` of {len(node.sources)} sources needs a folder: end `{node.destination.text}` with `/`"
            yield answered(node.destination.span, message, _fix(doc, node))


def _is_folder(doc: Dockerfile, facts: Facts, node: Copy) -> bool:
    text = node.destination.text
    if facts.as_hadolint:
        return text.rstrip("\"'").endswith("/")
    path = facts.expand(text, node)
    if path is None or path in (".", "..") or path.endswith(FOLDERS):
        return True
    return doc.escape != "\\" and path.endswith("\\")


def _fix(doc: Dockerfile, node: Copy) -> Fix | Refusal:
    if node.destination.text.startswith("<<"):
        return Refusal("a here-document is no place to copy to: write a folder behind it")
    end = node.destination.span.end
    inside = end - 1 if doc.text[end - 1] in "\"'" else end
    return Fix("add `/` to the destination", (insert(inside, "/"),), Applicability.SAFE)
