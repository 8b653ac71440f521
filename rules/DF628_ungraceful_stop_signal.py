"""DF628: STOPSIGNAL is a signal that no process can handle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts


@rule(name="ungraceful-stop-signal", severity=Severity.WARNING, needs=("stopsignal",))
def ungraceful_stop_signal(facts: Facts) -> Iterator[Finding]:
    """STOPSIGNAL is a signal that no process can handle.

    SIGKILL ends a process at once, without a clean-up. SIGSTOP only pauses it until the engine kills it.

    ```dockerfile bad
    FROM debian:bookworm-slim
    STOPSIGNAL SIGKILL
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    STOPSIGNAL SIGINT
    ```

    **Source:** signal(7): SIGKILL and SIGSTOP cannot be caught; the Dockerfile reference, STOPSIGNAL.
    """
    for node in facts.every(nodes.Stopsignal):
        signal = node.argument.text.upper().removeprefix("SIG")
        if signal in ("KILL", "STOP", "9", "19"):
            yield Finding(
                node.argument.span,
                f"a process cannot catch {node.argument.text}: the engine kills it in the middle of its work",
            )
