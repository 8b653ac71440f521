"""DF508: no COPY brings the lock file to the install."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dockerlint.fixers.inputs.install_inputs import brought
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.tool import Invocation
    from dockerlint.lint.context.build_context import Context


@rule(name="lock-file-not-copied", severity=Severity.WARNING)
def lock_file_not_copied(facts: Facts) -> Iterator[Finding]:
    """No COPY brings the lock file to the install.

    Without it the install takes the newest versions that the manifest allows: each build may get others, and those that were tested
    are not among them.

    ```context package.json
    {"dependencies": {"express": "^4.19.2"}}
    ```

    ```context package-lock.json
    {"lockfileVersion": 3}
    ```

    ```dockerfile bad
    FROM node:22-slim
    WORKDIR /app
    COPY package.json ./
    RUN npm install
    ```

    ```dockerfile good
    FROM node:22-slim
    WORKDIR /app
    COPY package.json package-lock.json ./
    RUN npm ci
    ```

    **Source:** the tools' documentation on their lock files.
    """
    if facts.context is None:
        return
    for stage in facts.doc.stages:
        for index, run in enumerate(stage.instructions):
            if not isinstance(run, nodes.Run):
                continue
            copies = [node for node in stage.instructions[:index] if isinstance(node, nodes.Copy)]
            for invocation in facts.invocations(run):
                if invocation.action == "install" and not invocation.operands and not invocation.is_global:
                    yield from _check(facts, facts.context, run, invocation, copies)


def _check(
    facts: Facts, context: Context, run: nodes.Run, invocation: Invocation, copies: list[nodes.Copy]
) -> Iterator[Finding]:
    for lock in invocation.tool.locks:
        manifest, wanted = facts.path(lock.manifest, run), facts.path(lock.file, run)
        if manifest is None or wanted is None or any(mount.kind == "bind" for mount in facts.mounts(run)):
            continue
        found = [path for copy in copies if copy.from_ is None and (path := brought(facts, copy, manifest))]
        # files of other stages may be anything
        if (
            not found
            or any(copy.from_ is not None for copy in copies)
            or any(brought(facts, copy, wanted) for copy in copies)
        ):
            continue
        beside = posixpath.join(posixpath.dirname(found[-1]), lock.file)
        if beside in context.files:
            name = invocation.name
            yield Finding(
                invocation.command.span,
                f"`{name}` runs without {beside}, which no COPY brings: it may install any version",
            )
            return
