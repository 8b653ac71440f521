"""DL3063: a stage is called `scratch` or `context`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dockerlint.fixers.edits import replace_word
from dockerlint.fixers.refusal import Refusal, answered
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes, run_mounts
from dockerlint.lint.syntax.span import Edit, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile, Flag, Stage, Word

RESERVED = frozenset({"scratch", "context"})


@rule(
    name="reserved-stage-name",
    severity=Severity.WARNING,
    aliases=("ReservedStageName",),
    needs=("scratch", "context"),
)
def reserved_stage_name(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A stage is called `scratch` or `context`.

    These names mean the empty image and the build context, so who names the stage gets something else.

    ```dockerfile bad
    FROM node:22 AS context
    RUN npm ci

    FROM node:22-slim
    COPY --from=context /app /app
    ```

    ```dockerfile fixed
    FROM node:22 AS context-stage
    RUN npm ci

    FROM node:22-slim
    COPY --from=context-stage /app /app
    ```

    ```dockerfile good
    FROM node:22 AS build
    ```

    **Fix safety:** unsafe: a reference below may mean the empty image or the context, and the build may name the stage.

    **Source:** hadolint DL3063; BuildKit's check ReservedStageName.
    """
    for stage in doc.stages:
        alias = stage.from_.alias
        name = alias.text if alias and facts.as_hadolint else stage.name
        if alias and name in RESERVED:
            message = f"stage name `{alias.text}` is reserved by the builder"
            yield answered(alias.span, message, _fix(doc, stage, alias))


def _fix(doc: Dockerfile, stage: Stage, alias: Word) -> Fix | Refusal:
    new = f"{alias.text}-stage"
    if any(item.name == new.lower() for item in doc.stages):
        return Refusal(f"{new} is taken too: choose another name")
    edits = [replace_word(alias, new), *_renamed(doc, stage, new)]
    return Fix(f"rename it to `{new}`", tuple(edits), Applicability.UNSAFE)


def _renamed(doc: Dockerfile, stage: Stage, new: str) -> Iterator[Edit]:
    """The edits of all that names the stage below it."""
    for item in doc.stages[stage.index + 1 :]:
        if item.from_.image.text.lower() == stage.name:
            yield replace_word(item.from_.image, new)
        for node in item.instructions:
            for flag in _flags(node):
                if (match := re.search(r"from=[\"']?([\w.-]+)", doc.source(flag.span))) and match[
                    1
                ].lower() == stage.name:
                    yield Edit(Span(flag.span.start + match.start(1), flag.span.start + match.end(1)), new)


def _flags(node: nodes.Instruction) -> Iterator[Flag]:
    if isinstance(node, nodes.Copy) and (flag := node.flag("from")):
        yield flag
    if isinstance(node, nodes.Run):
        yield from (mount.flag for mount in run_mounts.mounts(node) if mount.flag and mount.from_)
