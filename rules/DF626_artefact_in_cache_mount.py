"""DF626: a later step needs files that only a cache mount holds."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile


@rule(name="artefact-in-cache-mount", severity=Severity.ERROR, needs=("--mount",))
def artefact_in_cache_mount(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A later step needs files that only a cache mount holds.

    A mount exists only for its RUN. A later COPY finds nothing there: the RUN itself must copy the result out of the mount.

    ```dockerfile bad
    FROM rust:1.80 AS build
    WORKDIR /src
    COPY . .
    RUN --mount=type=cache,target=/src/target cargo build --release

    FROM debian:bookworm-slim
    COPY --from=build /src/target/release/app /usr/local/bin/
    ```

    ```dockerfile good
    FROM rust:1.80 AS build
    WORKDIR /src
    COPY . .
    RUN --mount=type=cache,target=/src/target cargo build --release && cp target/release/app /app

    FROM debian:bookworm-slim
    COPY --from=build /app /usr/local/bin/
    ```

    **Source:** the Dockerfile reference, `RUN --mount=type=cache`.
    """
    for stage in doc.stages:
        for node, reference, source in facts.graph.sources(stage):
            if source is None or not isinstance(node, nodes.Copy) or node.from_ != reference:
                continue
            for word in node.paths:
                mount = _hidden(facts, source, posixpath.normpath("/" + word.text.lstrip("/")))
                if mount is not None:
                    message = f"{word.text} is not in the layers of {reference}: {mount} is a cache mount there"
                    yield Finding(word.span, message)


def _hidden(facts: Facts, stage: nodes.Stage, path: str) -> str | None:
    """The cache mount that a path of a stage lies below, where nothing else can have put it into a layer."""
    found = None
    for part in facts.graph.lineage(stage):
        for node in part.instructions:
            if isinstance(node, nodes.Copy) and _may_bring(facts, node, path):
                return None
            if not isinstance(node, nodes.Run):
                continue
            target = next(
                (item.target for item in facts.mounts(node) if item.kind == "cache" and item.covers(path)), None
            )
            if target is None and _may_make(facts, node, path):
                return None
            found = found or target
    return found


def _may_bring(facts: Facts, copy: nodes.Copy, path: str) -> bool:
    """Whether a COPY may put something at a path: it names the place, or one below it."""
    target = facts.path(copy.destination.text, copy)
    if target is None:
        return True
    target = target.rstrip("/")
    return (
        target == path
        or target.startswith(path + "/")
        or (path.startswith(target + "/") and _has(facts, path[len(target) + 1 :]))
    )


def _has(facts: Facts, path: str) -> bool:
    return facts.context is not None and facts.context.has(path)


def _may_make(facts: Facts, run: nodes.Run, path: str) -> bool:
    """Whether a RUN without the mount names the place, its folder, or builds there."""
    source = facts.doc.source(run.span)
    workdir = facts.state(run).workdir
    builds = any(item.action in ("install", "build") and item.tool.kind == "build" for item in facts.invocations(run))
    inside = workdir is None or path.startswith(workdir.rstrip("/") + "/")
    return posixpath.dirname(path) in source or posixpath.basename(path) in source or (builds and inside)
