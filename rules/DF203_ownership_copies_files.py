"""DF203: chown or chmod stores copied files a second time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.effects.precedence import destination
from dockerlint.fixers.instructions.ownership import COMMANDS, set_by_copy
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.shell.script import Command
    from dockerlint.lint.syntax.nodes import Dockerfile


@rule(name="ownership-copies-files", severity=Severity.WARNING, needs=("chown", "chmod"))
def ownership_copies_files(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """chown or chmod stores copied files a second time.

    A layer holds whole files. A change of owner or mode stores every file it touches a second time, and the image ships
    both copies.

    ```dockerfile bad
    FROM node:22-slim
    COPY . /app
    RUN chown -R node:node /app
    USER node
    ```

    ```dockerfile fixed
    FROM node:22-slim
    COPY --chown=node:node . /app
    USER node
    ```

    ```dockerfile good
    FROM node:22-slim
    COPY --chown=node:node . /app
    USER node
    ```

    **Fix safety:** safe when copies of the context brought all that lies there, the base image is known to have nothing at that
    path, no step between works with it, and the owner is known at the copy already. A folder that WORKDIR or `mkdir` made keeps
    a `chown` of its own, which copies no files. Unsafe where the base image may have files there, for copies of other stages,
    and with other builders than BuildKit. Otherwise there is none, and the message says why.

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
                    fix, reason = set_by_copy(facts, node, command)
                    end = f"; no fix: {reason}" if reason else f": use `{found.name} --{command.name}`"
                    message = f"`{command.name} -R` stores the files of `{facts.brief(found)}` (line {doc.line(found.span.start)}) a second time{end}"
                    yield Finding(command.span, message, fix)


def _copied(
    facts: Facts, run: nodes.Run, command: Command, copies: list[tuple[str, nodes.Copy]]
) -> nodes.Copy | None:
    """The last COPY of folders whose files a recursive chown or chmod changes; `copies` are with their destinations."""
    if command.name not in COMMANDS or not any(_recursive(word.text) for word in command.arguments):
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
