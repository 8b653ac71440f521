"""DF203: owner or mode of copied files is changed in a layer of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.order import destination
from dockerlint.lint import nodes
from dockerlint.lint.findings import Finding, Severity
from dockerlint.lint.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.facts import Facts
    from dockerlint.lint.nodes import Dockerfile
    from dockerlint.lint.shell import Command

# The command, and the flag of COPY that does its work.
FLAGS = {"chown": "--chown", "chmod": "--chmod"}


@rule("DF203", name="ownership-copies-files", severity=Severity.WARNING)
def ownership_copies_files(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """Owner or mode of copied files is changed in a layer of its own.

    A layer holds whole files. A change of owner or mode stores every file it touches a second time, and the image ships
    both copies.

    ```dockerfile bad
    FROM node:22-slim
    COPY . /app
    RUN chown -R node:node /app
    USER node
    ```

    ```dockerfile good
    FROM node:22-slim
    COPY --chown=node:node . /app
    USER node
    ```

    **Source:** the OCI image specification on layers; the Dockerfile reference, `COPY --chown --chmod`.
    """
    for stage in doc.stages:
        if not facts.ships(stage):
            continue
        copies: list[tuple[str, nodes.Copy]] = []
        for node in stage.instructions:
            if isinstance(node, nodes.Copy):
                target = destination(facts, node)
                if target is not None and facts.is_bulky(node):
                    copies.append((target, node))
            if not isinstance(node, nodes.Run):
                continue
            for command in facts.commands(node):
                found = _copied(facts, node, command, copies)
                if found:
                    flag = FLAGS[command.name]
                    line = doc.line(found.span.start)
                    message = f"{command.name} -R stores the files of line {line} a second time: {found.name} {flag} does the same at no cost"
                    yield Finding("DF203", command.span, message)


def _copied(
    facts: Facts, run: nodes.Run, command: Command, copies: list[tuple[str, nodes.Copy]]
) -> nodes.Copy | None:
    """The last COPY of folders whose files a recursive chown or chmod changes; `copies` are with their destinations."""
    if command.name not in FLAGS or not any(_recursive(word.text) for word in command.arguments):
        return None
    operands = [word.text for word in command.arguments if not word.text.startswith("-")][1:]
    paths = [path for operand in operands if (path := facts.path(operand, run))]
    tops = tuple(path.rstrip("/") + "/" for path in paths if path.strip("/"))
    for target, copy in reversed(copies):
        if (target + "/").startswith(tops) and not copy.flag(command.name):
            return copy
    return None


def _recursive(flag: str) -> bool:
    return flag == "--recursive" or (flag.startswith("-") and not flag.startswith("--") and "R" in flag)
