"""DF501: the install can ignore the lock file."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dockerlint.fixers.edits import insert, replace_word
from dockerlint.fixers.inputs.install_inputs import FOLDER_FLAGS, Bringers
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.tool import Invocation, Lock
    from dockerlint.lint.syntax.nodes import Dockerfile
    from dockerlint.lint.syntax.span import Edit


@rule(name="lock-file-ignored", severity=Severity.WARNING)
def lock_file_ignored(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """The install can ignore the lock file.

    The plain install resolves versions again where manifest and lock file disagree, and rewrites the lock file. The strict
    command installs exactly the lock file, or fails.

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
        copies = _Copies(facts)
        for node in stage.instructions:
            if isinstance(node, nodes.Copy):
                copies.add(node)
            if not isinstance(node, nodes.Run):
                continue
            for invocation in facts.invocations(node):
                lock = _ignored(facts, node, invocation, copies)
                if lock:
                    name = invocation.name
                    strict = _strict(invocation, lock)
                    message = f"`{name}` can change {lock.file}: `{strict}` installs exactly what it lists"
                    yield Finding(invocation.command.span, message, _fix(invocation, lock))


class _Copies:
    """The COPYs of a stage up to some place; without a context only a lock file that is named is known to be there."""

    def __init__(self, facts: Facts) -> None:
        self.has_context = facts.context is not None
        self.bringers = Bringers(facts)
        self.names: set[str] = set()

    def add(self, copy: nodes.Copy) -> None:
        self.bringers.add(copy)
        if copy.from_ is None:
            self.names.update(posixpath.basename(word.text) for word in copy.paths)

    def bring(self, path: str) -> bool:
        if self.has_context:
            return self.bringers.first(path) is not None
        return posixpath.basename(path) in self.names


def _ignored(facts: Facts, run: nodes.Run, invocation: Invocation, copies: _Copies) -> Lock | None:
    if invocation.operands or invocation.is_global or invocation.option(*FOLDER_FLAGS) is not None:
        return None
    for lock in invocation.tool.locks:
        if invocation.subcommand not in lock.subcommands or invocation.has(lock.strict):
            continue
        if any(_is_set(facts, run, invocation, name) for name in lock.variables):
            continue
        path = facts.path(lock.file, run)
        if path and copies.bring(path):
            return lock
    return None


def _is_set(facts: Facts, run: nodes.Run, invocation: Invocation, variable: str) -> bool:
    words = (*invocation.command.assignments, *invocation.command.words)
    return variable in facts.state(run).env or any(word.text.startswith(f"{variable}=") for word in words)


def _strict(invocation: Invocation, lock: Lock) -> str:
    """The command that installs what the lock file lists."""
    tool = invocation.words[0].text
    return f"{tool} {invocation.subcommand} {lock.fix}" if lock.fix.startswith("-") else f"{tool} {lock.fix}"


def _fix(invocation: Invocation, lock: Lock) -> Fix:
    edit: Edit
    if lock.fix.startswith("-"):
        last = invocation.subcommand_words[-1] if invocation.subcommand_words else invocation.words[0]
        edit = insert(last.span.end, f" {lock.fix}")
    else:
        edit = replace_word(invocation.subcommand_words[0], lock.fix)
    return Fix(f"use `{_strict(invocation, lock)}`", (edit,), Applicability.UNSAFE)
