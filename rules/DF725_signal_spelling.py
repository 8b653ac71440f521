"""DF725: STOPSIGNAL uses a number or a short name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.span import Edit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts

# Of the signals that stop a container; the same on x86 and ARM.
NUMBERS = {
    "1": "SIGHUP",
    "2": "SIGINT",
    "3": "SIGQUIT",
    "9": "SIGKILL",
    "10": "SIGUSR1",
    "12": "SIGUSR2",
    "15": "SIGTERM",
}
NAMES = frozenset({"HUP", "INT", "QUIT", "KILL", "USR1", "USR2", "TERM", "WINCH", "STOP"})


@rule(name="signal-spelling", severity=Severity.STYLE, recommended=False, needs=("stopsignal",))
def signal_spelling(facts: Facts) -> Iterator[Finding]:
    """STOPSIGNAL uses a number or a short name.

    Numbers differ between architectures; the full name says what is meant.

    ```dockerfile bad
    FROM debian:bookworm-slim
    STOPSIGNAL 15
    ```

    ```dockerfile fixed
    FROM debian:bookworm-slim
    STOPSIGNAL SIGTERM
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    STOPSIGNAL SIGTERM
    ```

    **Fix safety:** safe: it is the same signal on the architectures that images are built for.

    **Source:** signal(7).
    """
    for node in facts.every(nodes.Stopsignal):
        text = node.argument.text
        name = NUMBERS.get(text) or (
            f"SIG{text.upper().removeprefix('SIG')}" if text.upper().removeprefix("SIG") in NAMES else None
        )
        if name and name != text:
            fix = Fix(f"use `{name}`", (Edit(node.argument.span, name),), Applicability.SAFE)
            yield Finding(node.argument.span, f"`{text}` is not the signal's full name, `{name}`", fix)
