"""DF114: ARG comes before costly steps that do not use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.order.step_order import is_costly
from dockerlint.lint.analysis.build_state import PLATFORM, PREDEFINED
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile

# How many instructions below an argument are looked at: more than anybody writes by hand.
FARTHEST = 200
# What tools read from the environment without being told.
GLOBAL = frozenset(
    {"DEBIAN_FRONTEND", "SOURCE_DATE_EPOCH", "NODE_ENV", "CGO_ENABLED", "GOOS", "GOARCH", "GOPROXY", "PIP_INDEX_URL"}
)


@rule(name="arg-before-unused-steps", severity=Severity.INFO, recommended=False, needs=("arg",))
def arg_before_unused_steps(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """ARG comes before costly steps that do not use it.

    ARG enters the cache key of every RUN below it: another value makes them all run again. Declared right above its first use, it
    costs nothing there. Arguments that change with every build are a rule of their own, DF105.

    ```dockerfile bad
    FROM python:3.12-slim
    ARG APP_PORT
    RUN pip install flask==3.0.3
    EXPOSE $APP_PORT
    ```

    ```dockerfile good
    FROM python:3.12-slim
    RUN pip install flask==3.0.3
    ARG APP_PORT
    EXPOSE $APP_PORT
    ```

    **Source:** BuildKit's cache keys: ARG enters the key of every later RUN of the stage.
    """
    for stage in doc.stages:
        for index, node in enumerate(stage.instructions):
            if not isinstance(node, nodes.Arg):
                continue
            for pair in node.pairs:
                name = pair.key.text
                # what only a build decides may change; the predefined ones steer tools that say nothing of them
                if pair.value is not None or name in PREDEFINED or name in PLATFORM or name in GLOBAL:
                    continue
                yield from _check(doc, facts, pair, stage.instructions[index + 1 : index + 1 + FARTHEST])


def _check(
    doc: Dockerfile, facts: Facts, pair: nodes.Pair, following: tuple[nodes.Instruction, ...]
) -> Iterator[Finding]:
    name = pair.key.text
    for later in following:
        if name in doc.source(later.span):
            return
        if isinstance(later, nodes.Run) and is_costly(facts, later):
            used = any(name in doc.source(node.span) for node in following)
            if used:
                yield Finding(
                    pair.span,
                    f"a new {name} runs `{facts.brief(later)}` (line {doc.line(later.span.start)}) again, which does not use it: move the ARG below",
                )
            return
