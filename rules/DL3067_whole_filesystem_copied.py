"""DL3067: COPY takes the whole file system of another stage or image."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Copy


@rule(name="whole-filesystem-copied", severity=Severity.WARNING, needs=("--from",))
def whole_filesystem_copied(facts: Facts) -> Iterator[Finding]:
    """COPY takes the whole file system of another stage or image.

    With it come the compilers, caches and secrets that the stage was to leave behind, and what the base image has is
    there twice. By default images that are no stage of the file are left alone, for they may be made to be copied whole,
    and a stage FROM scratch, where the copy makes one layer of many.

    ```dockerfile bad
    FROM golang:1.23 AS build
    RUN go install example.com/app@v1.2.0

    FROM debian:bookworm-slim
    COPY --from=build / /
    ```

    ```dockerfile good
    FROM golang:1.23 AS build
    RUN go install example.com/app@v1.2.0

    FROM debian:bookworm-slim
    COPY --from=build /go/bin/app /usr/local/bin/
    ```

    **Source:** hadolint DL3067.
    """
    for node in facts.every(nodes.Copy, triggers=not facts.as_hadolint):
        if node.from_ is None or not _is_whole(facts, node):
            continue
        if not facts.quiet or _leaves_behind(facts, node):
            yield Finding(node.span, f"this copies all of {node.from_}: copy only the files needed")


def _is_whole(facts: Facts, node: Copy) -> bool:
    if facts.as_hadolint:
        return "/" in [word.text.strip("\"'") for word in node.sources] and node.destination.text.strip("\"'") == "/"
    if node.flag("exclude"):
        return False
    sources = (facts.expand(word.text, node) or "" for word in node.sources)
    is_root = any(posixpath.normpath(source) in ("/", "//", "/*") for source in sources if source)
    return is_root and facts.path(node.destination.text, node) in ("/", "//")


def _leaves_behind(facts: Facts, node: Copy) -> bool:
    """Whether the copy is of a stage, which has more than what is wanted, and into one that has files already."""
    stage = next((item for item in facts.doc.stages if node in item.instructions), None)
    if stage is None or stage.from_.image.text == "scratch":
        return False
    return facts.graph.find(node.from_ or "", stage.index) is not None
