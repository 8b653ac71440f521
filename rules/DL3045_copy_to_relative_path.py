"""DL3045: COPY has a relative destination without a WORKDIR."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from dockerlint.lint.analysis.copy_sources import is_windows_path
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Copy, Dockerfile, Instruction


@rule(name="copy-to-relative-path", severity=Severity.WARNING, needs=("copy",))
def copy_to_relative_path(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """COPY has a relative destination without a WORKDIR.

    The files land in whatever folder the base image has set, mostly `/`. By default images that we know nothing of are
    left alone: they may be made to be used like this.

    ```dockerfile bad
    FROM alpine:3.20
    COPY main.cpp main.cpp
    RUN g++ -o /binary main.cpp
    ```

    ```dockerfile good
    FROM alpine:3.20
    WORKDIR /src
    COPY main.cpp main.cpp
    RUN g++ -o /binary main.cpp
    ```

    **Source:** hadolint DL3045.
    """
    for node in facts.every(nodes.Copy, triggers=not facts.as_hadolint):
        if isinstance(node, nodes.Add):
            continue
        path = node.destination.text.strip("\"'")
        if path.startswith(("/", "$")) or is_windows_path(path) or _has_workdir(doc, facts, node):
            continue
        if facts.quiet and facts.base_of(node) is None:
            continue
        text = doc.source(node.destination.span)
        yield Finding(node.destination.span, f"`COPY` to the relative path {text} without a `WORKDIR`")


def _has_workdir(doc: Dockerfile, facts: Facts, node: Copy) -> bool:
    at = bisect_left(doc.instructions, node.span.start, key=lambda item: item.span.start)
    # a trigger is preceded by the triggers above it
    is_trigger = at == len(doc.instructions) or doc.instructions[at] is not node
    return facts.comes_before(node, _is_workdir, is_trigger)


def _is_workdir(_: Facts, item: Instruction, triggers: bool) -> bool:
    if triggers and isinstance(item, nodes.Onbuild):
        item = item.trigger
    return isinstance(item, nodes.Workdir)
