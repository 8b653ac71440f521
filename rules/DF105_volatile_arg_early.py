"""DF105: a value that changes with every build is declared above costly steps."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from dockerlint.fixers.order import is_costly
from dockerlint.lint import nodes
from dockerlint.lint.findings import Finding, Severity
from dockerlint.lint.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.facts import Facts
    from dockerlint.lint.nodes import Dockerfile


@rule("DF105", name="volatile-arg-early", severity=Severity.WARNING)
def volatile_arg_early(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A value that changes with every build is declared above costly steps.

    An ARG or ENV is part of the cache key of each RUN below it, used or not. A build date or a commit hash declared at the
    top makes every build a cold one. Declared right above its first use, it costs nothing.

    ```dockerfile bad
    FROM python:3.12-slim
    ARG GIT_SHA
    RUN pip install flask==3.0.3
    LABEL org.opencontainers.image.revision=$GIT_SHA
    ```

    ```dockerfile good
    FROM python:3.12-slim
    RUN pip install flask==3.0.3
    ARG GIT_SHA
    LABEL org.opencontainers.image.revision=$GIT_SHA
    ```

    **Source:** BuildKit's cache keys: ENV and ARG enter the key of every later RUN of the stage.
    """
    del doc
    for stage in facts.doc.stages:
        for index, node in enumerate(stage.instructions):
            if isinstance(node, nodes.Arg | nodes.Env):
                for pair in node.pairs:
                    if is_volatile(pair, node):
                        yield from _check(facts, pair, node, stage.instructions[index + 1 :])


def is_volatile(pair: nodes.Pair, node: nodes.Instruction) -> bool:
    """Whether an ARG or ENV holds another value in each build: by its name, and ENV only when it takes it from an ARG."""
    if isinstance(node, nodes.Env) and (pair.value is None or "$" not in pair.value.text):
        return False
    name = pair.key.text.upper()
    return any(fnmatchcase(name, pattern) for pattern in _names())


@cache
def _names() -> tuple[str, ...]:
    text = resources.files("dockerlint.lint").joinpath("data", "volatile.toml").read_text(encoding="utf8")
    return tuple(tomllib.loads(text)["names"])


def _check(
    facts: Facts, pair: nodes.Pair, node: nodes.Instruction, following: tuple[nodes.Instruction, ...]
) -> Iterator[Finding]:
    name = pair.key.text
    for later in following:
        if not isinstance(later, nodes.Run):
            continue
        if name in facts.doc.source(later.span):
            return
        if is_costly(facts, later):
            line = facts.doc.line(later.span.start)
            message = f"{node.name} {name} changes with every build and makes the step on line {line} run again, which does not use it"
            yield Finding("DF105", pair.span, message)
            return
