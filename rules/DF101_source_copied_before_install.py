"""DF101: the source tree is copied before its dependencies are installed."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dockerlint.fixers.inputs.install_inputs import Bringers, manifests, primary
from dockerlint.fixers.inputs.reads.local_project import own
from dockerlint.lint.catalogue.name_patterns import matches
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.fixers.inputs.install_inputs import Manifests
    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.tool import Invocation
    from dockerlint.lint.syntax.nodes import Dockerfile
    from dockerlint.lint.syntax.span import Span


# Of files that a pattern stands for, so many are looked at.
MOST_NAMES = 100


@rule(name="source-copied-before-install", severity=Severity.WARNING)
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

    Members of workspaces, packages by path, patches and included files are copied with the manifests that name them. An
    install that takes the project itself as well (uv, Poetry, PDM, Composer) is done twice, the first time without it:

    ```context pyproject.toml
    [project]
    name = "a"
    version = "1"
    dependencies = ["flask"]

    [build-system]
    requires = ["hatchling"]
    ```

    ```context uv.lock
    version = 1
    ```

    ```dockerfile bad
    FROM python:3.12-slim
    WORKDIR /app
    COPY . .
    RUN uv sync --locked
    ```

    ```dockerfile fixed
    FROM python:3.12-slim
    WORKDIR /app
    COPY pyproject.toml uv.lock ./
    RUN uv sync --no-install-project --locked
    COPY . .
    RUN uv sync --locked
    ```

    **Fix safety:** safe when the build context shows all manifests, these refer to nothing else of the source (scripts that an
    install runs, programs), and the copy does not bring what the install writes. Otherwise unsafe, as where a step is written
    anew or cut in two; and only shown when the context is not at hand. The fix says why.

    **Source:** Docker's guide on build caches; BuildKit's cache keys; the tools' documentation, see `lint/catalogue/tools`.
    """
    for stage in doc.stages:
        installed: set[str] = set()
        said: set[tuple[Span, Span, str]] = set()
        copies = Bringers(facts)
        for node in stage.instructions:
            if isinstance(node, nodes.Copy):
                copies.add(node)
            if not isinstance(node, nodes.Run):
                continue
            for invocation in facts.invocations(node):
                if _installs(invocation, installed):
                    for finding in _check(facts, copies, node, invocation):
                        # one that the same step has for the same copy says no more
                        if (finding.span, node.span, invocation.tool.name) not in said:
                            said.add((finding.span, node.span, invocation.tool.name))
                            yield finding
                    installed.add(invocation.tool.name)


def _installs(invocation: Invocation, installed: set[str]) -> bool:
    """Whether it fetches dependencies: an install, or the first build of a tool that has not installed any before."""
    tool = invocation.tool
    if tool.kind == "system" or not primary(invocation):
        return False
    if invocation.action == "install":
        if tool.name in installed and own(invocation):
            # what it depends on is there
            return False
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
    reads = manifests(facts, invocation, folder)
    unknown = not reads.known and (invocation.action == "build" or own(invocation))
    if unknown or not _is_broad(facts, copy, reads, folder):
        return
    # most files have nothing to split
    from dockerlint.fixers.order.split_copy import split_copy

    line = facts.doc.line(invocation.command.span.start)
    name = f"{invocation.words[0].text} {invocation.subcommand}".strip()
    message = f"`{facts.brief(copy)}` stands above `{name}` on line {line}, so each edit of a source file runs it again"
    fix = split_copy(facts, copy, run, invocation, reads, folder)
    if fix is None and reads.why is not None:
        message += f"; {reads.why}"
    yield Finding(copy.span, message, fix)


def _source(
    facts: Facts, copies: Bringers, run: nodes.Run, invocation: Invocation
) -> tuple[nodes.Copy, str] | None:
    """The first COPY that brings the manifest to where the install reads it, and the folder of the context it reads."""
    for name in primary(invocation):
        for base in _names(facts, name):
            path = facts.path(base, run)
            if path is None or (bringer := copies.first(path)) is None:
                continue
            node, found = bringer
            relative = not posixpath.isabs(base) and found.endswith(base)
            return node, found.removesuffix(base).rstrip("/") if relative else posixpath.dirname(found)
    return None


def _names(facts: Facts, pattern: str) -> list[str]:
    """The names of files of the context that a manifest's pattern stands for; itself when it is none."""
    if "*" not in pattern:
        return [pattern]
    every = facts.context.files if facts.context is not None else ()
    names = {name for path in every if matches(name := posixpath.basename(path), pattern)}
    return sorted(names)[:MOST_NAMES]


def _is_broad(facts: Facts, copy: nodes.Copy, reads: Manifests, folder: str) -> bool:
    """Whether a COPY brings more than the manifests."""
    if facts.context is None:
        return any(word.text.rstrip("/") in ("", ".", "./.") or word.text.endswith("/") for word in copy.paths)
    wanted = {posixpath.normpath(posixpath.join(folder, name)) for name in reads.files}
    copied = {name for word in copy.paths for name in facts.context.select(word.text)}
    return any(name not in wanted and not any(name.startswith(item + "/") for item in wanted) for name in copied)
