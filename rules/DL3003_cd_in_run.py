"""DL3003: a RUN uses `cd` instead of WORKDIR."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.instructions.workdir import to_workdir
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts


@rule(name="cd-in-run", severity=Severity.WARNING, recommended=False, needs=("cd",))
def cd_in_run(facts: Facts) -> Iterator[Finding]:
    """A RUN uses `cd` instead of WORKDIR.

    The change ends with the RUN, which is easy to overlook, and readers must follow the script to know where commands run.
    WORKDIR sets the folder once for all following steps.

    ```dockerfile bad
    FROM gcc:14
    RUN cd /usr/src/app && make install
    ```

    ```dockerfile good
    FROM gcc:14
    WORKDIR /usr/src/app
    RUN make install
    ```

    **Fix safety:** safe: there is one only where the script starts with the `cd` and nothing after it starts in that folder, as in
    the last steps of a stage that is only copied from, or above another WORKDIR.

    **Source:** hadolint DL3003; Docker's guide on best practices, WORKDIR.
    """
    for run in facts.every(nodes.Run, triggers=not facts.as_hadolint):
        command = next((item for item in facts.commands(run) if item.name == "cd"), None)
        if command is not None:
            yield Finding(command.span, "use WORKDIR instead of `cd`", to_workdir(facts, run))
