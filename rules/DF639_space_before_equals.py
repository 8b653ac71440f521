"""DF639: a space before `=` makes the equals sign part of the value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.refusal import Refusal, answered
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.span import Edit, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile


@rule(name="space-before-equals", severity=Severity.ERROR, needs=("=",))
def space_before_equals(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A space before `=` makes the equals sign part of the value.

    `ENV A =1` is the old form with a blank: it sets A to `=1`.

    ```dockerfile bad
    FROM debian:bookworm-slim
    ENV PORT = 8080
    ```

    ```dockerfile fixed
    FROM debian:bookworm-slim
    ENV PORT=8080
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    ENV PORT=8080
    ```

    **Fix safety:** always unsafe: the variable gets another value.

    **Source:** the Dockerfile reference, ENV and LABEL; SonarQube S6574.
    """
    for node in facts.every(nodes.Instruction):
        if not isinstance(node, nodes.Env | nodes.Label):
            continue
        for pair in node.pairs:
            value = doc.source(pair.value.span) if pair.value else ""
            if not pair.legacy or not value.startswith("=") or pair.value is None:
                continue
            rest = value[1:].strip()
            fix: Fix | Refusal = Refusal("the value has blanks of its own: quote it")
            if rest and not any(char in rest for char in " \t\n"):
                fix = Fix(
                    "remove the space around `=`",
                    (Edit(Span(pair.key.span.end, pair.value.span.end), f"={rest}"),),
                    Applicability.UNSAFE,
                )
            yield answered(
                pair.span,
                f"`{pair.key.text}` is set to `{value[:30]}`, equals sign included: remove the space before `=`",
                fix,
            )
