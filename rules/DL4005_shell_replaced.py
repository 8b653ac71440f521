"""DL4005: a RUN replaces /bin/sh."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.analysis.program_calls import calls
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts

SH = frozenset({"/bin/sh", "/usr/bin/sh"})


@rule(name="shell-replaced", severity=Severity.WARNING, recommended=False, needs=("ln",))
def shell_replaced(facts: Facts) -> Iterator[Finding]:
    """A RUN replaces /bin/sh.

    That changes the shell of all programs of the image, also of those that were written for the former one. SHELL changes
    it for the steps of the file.

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN ln -sf /bin/bash /bin/sh
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    SHELL ["/bin/bash", "-c"]
    ```

    **Source:** hadolint DL4005; the Dockerfile reference, SHELL.
    """
    for run in facts.every(nodes.Run):
        found = next((call for call in calls(facts, run, "ln") if _replaces(facts, call.texts)), None)
        if found is not None:
            yield Finding(found.command.span, "`ln` replaces /bin/sh: choose the shell with SHELL")


def _replaces(facts: Facts, arguments: list[str]) -> bool:
    if facts.as_hadolint:
        return "/bin/sh" in arguments
    paths = [word for word in arguments if not word.startswith("-")]
    return len(paths) > 1 and paths[-1] in SH
