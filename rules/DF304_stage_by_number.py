"""DF304: COPY refers to a stage by its number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.refusal import Carried, answered
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.span import Edit, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile


@rule(name="stage-by-number", severity=Severity.INFO, needs=("--from",))
def stage_by_number(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """COPY refers to a stage by its number.

    A stage added or moved above shifts the numbers, and the copy silently takes its files from another stage.

    ```dockerfile bad
    FROM golang:1.23
    RUN go install example.com/app@v1.2.0

    FROM debian:bookworm-slim
    COPY --from=0 /go/bin/app /usr/local/bin/
    ```

    ```dockerfile fixed
    FROM golang:1.23 AS build
    RUN go install example.com/app@v1.2.0

    FROM debian:bookworm-slim
    COPY --from=build /go/bin/app /usr/local/bin/
    ```

    ```dockerfile good
    FROM golang:1.23 AS build
    RUN go install example.com/app@v1.2.0

    FROM debian:bookworm-slim
    COPY --from=build /go/bin/app /usr/local/bin/
    ```

    **Source:** the Dockerfile guide on multi-stage builds, "Name your build stages".
    """
    taken = {stage.name for stage in doc.stages if stage.name}
    # by stage, where the finding is that names it
    named: dict[int, int] = {}
    for stage in doc.stages:
        for copy in stage.all(nodes.Copy):
            reference = copy.from_
            source = facts.graph.find(reference, stage.index) if reference else None
            if not reference or not reference.isdecimal() or source is None or source.name == reference:
                continue
            message = f"`--from={reference}` names a stage by its number, which changes when a stage is added"
            fix: Fix | Carried = Carried(named.get(source.index, 0))
            if source.index not in named:
                named[source.index] = doc.line(copy.span.start)
                name = source.from_.alias.text if source.from_.alias else _free_name(taken)
                taken.add(name)
                fix = Fix(f"name the stage `{name}`", tuple(_edits(doc, facts, source, name)), Applicability.SAFE)
            yield answered(copy.span, message, fix)


def _free_name(taken: set[str]) -> str:
    names = ("build", "builder", *(f"build{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def _edits(doc: Dockerfile, facts: Facts, source: nodes.Stage, name: str) -> Iterator[Edit]:
    """Names a stage, and puts the name wherever a COPY has its number."""
    if source.from_.alias is None:
        end = source.from_.image.span.end
        keyword = "AS" if source.from_.keyword.text.isupper() else "as"
        yield Edit(Span(end, end), f" {keyword} {name}")
    for stage in doc.stages:
        for copy in stage.all(nodes.Copy):
            flag = copy.flag("from")
            if flag and flag.value and flag.value.isdecimal() and facts.graph.find(flag.value, stage.index) is source:
                yield Edit(flag.span, f"--from={name}")
