"""DF305: two projects are built one after the other in one stage, though neither needs the other."""

from __future__ import annotations

import posixpath
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.tool import Invocation
    from dockerlint.lint.syntax.nodes import Run, Stage


# How many pieces of work of a stage are compared: more than anybody writes by hand.
MOST = 30


class _Work(NamedTuple):
    """An install or a build of a project, and the folder it is done in."""

    run: Run
    invocation: Invocation
    folder: str


@rule(name="serial-independent-work", severity=Severity.INFO, recommended=False)
def serial_independent_work(facts: Facts) -> Iterator[Finding]:
    """Two projects are built one after the other in one stage, though neither needs the other.

    The steps of a stage run in turn, and a change in the first project repeats the second one. As two stages they run at
    the same time, each with its own cache, and a last stage copies both results.

    ```dockerfile bad
    FROM example.org/toolbox:1
    WORKDIR /web
    COPY web .
    RUN npm ci && npm run build
    WORKDIR /api
    COPY api .
    RUN go build -o /bin/api .
    ```

    ```dockerfile good
    FROM node:22 AS web
    WORKDIR /web
    COPY web .
    RUN npm ci && npm run build

    FROM golang:1.23
    WORKDIR /api
    COPY api .
    RUN go build -o /bin/api .
    COPY --from=web /web/dist /srv
    ```

    **Source:** Docker's guide on multi-stage builds: stages that do not need each other are built in parallel.
    """
    for stage in facts.doc.stages:
        work = list(islice(_work(facts, stage), MOST))
        for index, second in enumerate(work):
            first = next((one for one in work[:index] if _independent(facts, stage, one, second)), None)
            if first is not None:
                one, other = (f"`{_name(item.invocation)}` in {item.folder}" for item in (first, second))
                yield Finding(
                    second.invocation.command.span,
                    f"{other} does not need {one}: in two stages they would run in parallel",
                )
                break


def _work(facts: Facts, stage: Stage) -> Iterator[_Work]:
    """The installs and builds of projects, whose folders are known."""
    for run in stage.all(nodes.Run):
        workdir = facts.state(run).workdir
        for invocation in facts.invocations(run):
            tool = invocation.tool
            if (
                tool.kind == "system"
                or not tool.project
                or invocation.is_global
                or (invocation.operands and tool.kind == "language")
            ):
                continue
            if invocation.action not in ("install", "build"):
                continue
            folder = _folder(facts, run, invocation, workdir)
            if folder is not None and folder.strip("/"):
                yield _Work(run, invocation, folder)


def _folder(facts: Facts, run: Run, invocation: Invocation, workdir: str | None) -> str | None:
    """Where a command runs: its RUN's folder, or that of the one plain `cd` before it."""
    folder = workdir
    for command in facts.commands(run):
        if command.span.start >= invocation.command.span.start:
            break
        if command.name in ("cd", "pushd", "popd"):
            words = command.arguments
            if command.name != "cd" or command.within or len(words) != 1 or "$" in words[0].text or folder is None:
                return None
            folder = posixpath.normpath(posixpath.join(folder, words[0].text))
    return folder


def _independent(facts: Facts, stage: Stage, first: _Work, second: _Work) -> bool:
    """Whether two pieces of work surely have nothing to do with each other: other tools, other folders, no word of each other."""
    if first.run is second.run or first.invocation.tool is second.invocation.tool:
        return False
    one, other = first.folder.rstrip("/") + "/", second.folder.rstrip("/") + "/"
    if one.startswith(other) or other.startswith(one):
        return False
    # the second one's folder, and what is copied or done there, must not name the first one's
    names = (first.folder, posixpath.basename(first.folder))
    for node in stage.instructions:
        if (
            isinstance(node, nodes.Run)
            and node.span.start > first.run.span.end
            and facts.state(node).workdir == second.folder
        ):
            source = facts.doc.source(node.span)
            if any(name in source for name in names) or ".." in source:
                return False
    return not any(name in facts.doc.source(second.run.span) for name in names)


def _name(invocation: Invocation) -> str:
    return invocation.name
