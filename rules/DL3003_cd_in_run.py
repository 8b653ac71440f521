"""DL3003: `cd` in a RUN."""

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
    """A RUN changes its folder by `cd`.

    The change ends with the RUN, which is easily overlooked, and the reader has to follow the script to know where its
    commands work. WORKDIR says it once for all steps below.

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
