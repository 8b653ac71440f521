"""DL3059: several RUNs of one command each follow each other."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from dockerlint.fixers.merge import merge_down
from dockerlint.fixers.refusal import Refusal, answered
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile, Run


@rule(name="consecutive-runs", severity=Severity.INFO, recommended=False)
def consecutive_runs(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """Several RUNs of one command each follow each other.

    Each makes a layer. Two that belong together may be one; two that change at different times may well stay apart, for
    the first one's layer is then reused. That is why the rule is not among the recommended.

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN mkdir /data
    RUN touch /data/list
    ```

    ```dockerfile fixed
    FROM debian:bookworm-slim
    RUN mkdir /data && touch /data/list
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    RUN mkdir /data && touch /data/list
    ```

    **Fix safety:** always unsafe. The image is the same, but when the second step changes the first runs again with it.

    **Source:** hadolint DL3059.
    """
    for first, second in pairwise(doc.instructions):
        if not isinstance(first, nodes.Run) or not isinstance(second, nodes.Run):
            continue
        if _flags(doc, first) == _flags(doc, second) and _is_single(facts, first) and _is_single(facts, second):
            edits = merge_down(facts, first, second)
            fix: Fix | Refusal = Refusal("the two differ in user, folder or shell, or one changes these for what follows")
            if edits:
                fix = Fix("merge both into one RUN", edits, Applicability.UNSAFE)
            yield answered(second.span, "two RUNs in a row make two layers: merge them", fix)


def _flags(doc: Dockerfile, run: Run) -> list[str]:
    return sorted(doc.source(flag.span) for flag in run.flags)


def _is_single(facts: Facts, run: Run) -> bool:
    return sum(bool(command.name) for command in facts.commands(run)) <= 1
