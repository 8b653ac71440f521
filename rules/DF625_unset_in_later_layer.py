"""DF625: a RUN unsets a variable of ENV, which has no lasting effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Instruction


@rule(name="unset-in-later-layer", severity=Severity.WARNING, needs=("unset",))
def unset_in_later_layer(facts: Facts) -> Iterator[Finding]:
    """A RUN unsets a variable of ENV, which has no lasting effect.

    The shell ends with its RUN; the next step and the container have the variable again. A value for one step belongs into that
    step, one for the build only into ARG.

    ```dockerfile bad
    FROM debian:bookworm-slim
    ENV ADMIN_USER=mark
    RUN ./setup && unset ADMIN_USER
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    RUN export ADMIN_USER=mark && ./setup && unset ADMIN_USER
    ```

    **Source:** Docker's guide on best practices, ENV; SonarQube S6581.
    """
    for run in facts.every(nodes.Run):
        script = facts.script(run)
        last = script.commands[-1] if script and script.commands else None
        if last is None or last.name != "unset" or last.within:
            continue
        for word in last.arguments:
            if facts.comes_before(run, _sets, word.text):
                yield Finding(
                    word.span,
                    f"`{word.text}` is set again in the next RUN: `unset` does not undo ENV",
                )


def _sets(_: Facts, item: Instruction, name: str) -> bool:
    return isinstance(item, nodes.Env) and any(pair.key.text == name for pair in item.pairs)
