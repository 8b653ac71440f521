"""DF501: there is a lock file, but the install may ignore it."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dockerlint.fixers.edits import insert, replace_word
from dockerlint.fixers.manifests import brought
from dockerlint.lint import nodes
from dockerlint.lint.findings import Applicability, Edit, Finding, Fix, Severity
from dockerlint.lint.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.facts import Facts
    from dockerlint.lint.nodes import Dockerfile
    from dockerlint.lint.tools import Invocation, Lock


@rule("DF501", name="lock-file-ignored", severity=Severity.WARNING)
def lock_file_ignored(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """There is a lock file, but the install may ignore it.

    The plain install resolves versions anew where manifest and lock file disagree, and writes another lock file. The strict
    form installs what the lock file says, or fails.

    ```context package.json
    {}
    ```

    ```context package-lock.json
    {}
    ```

    ```dockerfile bad
    FROM node:22-slim
    WORKDIR /app
    COPY package.json package-lock.json ./
    RUN npm install
    ```

    ```dockerfile fixed
    FROM node:22-slim
    WORKDIR /app
    COPY package.json package-lock.json ./
    RUN npm ci
    ```

    ```dockerfile good
    FROM node:22-slim
    WORKDIR /app
    COPY package.json package-lock.json ./
    RUN npm ci
    ```

    **Fix safety:** always unsafe: where manifest and lock file disagree, the build now fails.

    **Source:** npm's documentation, `npm ci`; Yarn's, `--frozen-lockfile`.
    """
    for stage in doc.stages:
        for index, run in enumerate(stage.instructions):
            if not isinstance(run, nodes.Run):
                continue
            copies = [node for node in stage.instructions[:index] if isinstance(node, nodes.Copy)]
            for invocation in facts.invocations(run):
                lock = _ignored(facts, run, invocation, copies)
                if lock:
                    name = f"{invocation.words[0].text} {invocation.subcommand}".strip()
                    message = f"`{name}` may ignore {lock.file}"
                    yield Finding("DF501", invocation.command.span, message, _fix(invocation, lock))


def _ignored(facts: Facts, run: nodes.Run, invocation: Invocation, copies: list[nodes.Copy]) -> Lock | None:
    if invocation.operands or invocation.is_global:
        return None
    for lock in invocation.tool.locks:
        if invocation.subcommand not in lock.subcommands or invocation.has(lock.strict):
            continue
        path = facts.path(lock.file, run)
        if path and any(_brings(facts, copy, path) for copy in copies):
            return lock
    return None


def _brings(facts: Facts, copy: nodes.Copy, path: str) -> bool:
    if copy.from_ is not None:
        return False
    if facts.context is not None:
        return brought(facts, copy, path) is not None
    # without a context only a lock file that is named is known to be there
    return any(posixpath.basename(word.text) == posixpath.basename(path) for word in copy.paths)


def _fix(invocation: Invocation, lock: Lock) -> Fix:
    edit: Edit
    if lock.fix.startswith("-"):
        last = invocation.subcommand_words[-1] if invocation.subcommand_words else invocation.words[0]
        edit = insert(last.span.end, f" {lock.fix}")
    else:
        edit = replace_word(invocation.subcommand_words[0], lock.fix)
    return Fix("hold to the lock file", (edit,), Applicability.UNSAFE)
