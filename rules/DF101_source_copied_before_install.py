"""DF101: the source tree is copied before its dependencies are installed."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dockerlint.fixers.manifests import Bringers, manifests, primary
from dockerlint.fixers.split import split_copy
from dockerlint.lint import nodes
from dockerlint.lint.findings import Finding, Severity
from dockerlint.lint.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.fixers.manifests import Manifests
    from dockerlint.lint.facts import Facts
    from dockerlint.lint.nodes import Dockerfile
    from dockerlint.lint.tools import Invocation


@rule("DF101", name="source-copied-before-install", severity=Severity.WARNING)
def source_copied_before_install(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """The source tree is copied before its dependencies are installed.

    The install runs again whenever any copied file changes, although it reads no more than the manifest and the lock file.
    Copied first and alone, these keep the install in the cache until a dependency changes.

    ```context package.json
    {"dependencies": {"express": "4.19.2"}}
    ```

    ```context package-lock.json
    {"lockfileVersion": 3}
    ```

    ```context index.js
    require("express")
    ```

    ```dockerfile bad
    FROM node:22-slim
    WORKDIR /app
    COPY . .
    RUN npm ci
    CMD ["node", "index.js"]
    ```

    ```dockerfile fixed
    FROM node:22-slim
    WORKDIR /app
    COPY package.json package-lock.json ./
    RUN npm ci
    COPY . .
    CMD ["node", "index.js"]
    ```

    ```dockerfile good
    FROM node:22-slim
    WORKDIR /app
    COPY package.json package-lock.json ./
    RUN npm ci
    COPY . .
    CMD ["node", "index.js"]
    ```

    **Fix safety:** safe when the build context shows all manifests and these refer to nothing else of the source (no
    life cycle scripts, no local packages). Otherwise unsafe; and only shown when the context is not at hand.

    **Source:** Docker's guide on build caches; BuildKit's cache keys.
    """
    for stage in doc.stages:
        installed: set[str] = set()
        copies = Bringers(facts)
        for node in stage.instructions:
            if isinstance(node, nodes.Copy):
                copies.add(node)
            if not isinstance(node, nodes.Run):
                continue
            for invocation in facts.invocations(node):
                if _installs(invocation, installed):
                    yield from _check(facts, copies, node, invocation)
                    installed.add(invocation.tool.name)


def _installs(invocation: Invocation, installed: set[str]) -> bool:
    """Whether it fetches dependencies: an install, or the first build of a tool that has not installed any before."""
    tool = invocation.tool
    if tool.kind == "system" or not primary(invocation):
        return False
    if invocation.action == "install":
        # of a tool that compiles, others such as `go mod tidy` read the source
        return tool.prefetch is None or invocation.subcommand in tool.action("install").plain
    return invocation.action == "build" and tool.prefetch is not None and tool.name not in installed


def _check(
    facts: Facts, copies: Bringers, run: nodes.Run, invocation: Invocation
) -> Iterator[Finding]:
    found = _source(facts, copies, run, invocation)
    if found is None:
        return
    copy, folder = found
    reads = manifests(facts.context, invocation, folder)
    if not _is_broad(facts, copy, reads, folder) or (invocation.action == "build" and not reads.known):
        return
    line = facts.doc.line(invocation.command.span.start)
    name = f"{invocation.words[0].text} {invocation.subcommand}".strip()
    message = f"`{facts.brief(copy)}` stands above `{name}` on line {line}, so each edit of a source file runs it again"
    yield Finding("DF101", copy.span, message, split_copy(facts, copy, run, invocation, reads, folder))


def _source(
    facts: Facts, copies: Bringers, run: nodes.Run, invocation: Invocation
) -> tuple[nodes.Copy, str] | None:
    """The first COPY that brings the manifest to where the install reads it, and the folder of the context it reads."""
    for name in primary(invocation):
        path = facts.path(name, run)
        if path is None:
            continue
        if bringer := copies.first(path):
            node, found = bringer
            relative = not posixpath.isabs(name) and found.endswith(name)
            return node, found.removesuffix(name).rstrip("/") if relative else posixpath.dirname(found)
    return None


def _is_broad(facts: Facts, copy: nodes.Copy, reads: Manifests, folder: str) -> bool:
    """Whether a COPY brings more than the manifests."""
    if facts.context is None:
        return any(word.text.rstrip("/") in ("", ".", "./.") or word.text.endswith("/") for word in copy.paths)
    wanted = {posixpath.join(folder, name) for name in reads.files}
    copied = {name for word in copy.paths for name in facts.context.select(word.text)}
    return any(name not in wanted and not any(name.startswith(item + "/") for item in wanted) for name in copied)
