"""DF627: the container starts a package manager, which then starts the program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts

# Programs that start others, and with which of their commands. `exec`-like ones replace themselves and do no harm.
RUNNERS = {
    "npm": frozenset({"start", "run", "run-script", "exec", "test"}),
    "yarn": frozenset({"start", "run", "dev", "serve"}),
    "pnpm": frozenset({"start", "run", "exec", "dev"}),
    "pipenv": frozenset({"run"}),
    "poetry": frozenset({"run"}),
    "pdm": frozenset({"run"}),
    "composer": frozenset({"run", "run-script", "exec"}),
    "mvn": frozenset({"spring-boot:run", "exec:java"}),
    "go": frozenset({"run"}),
    "cargo": frozenset({"run"}),
    "dotnet": frozenset({"run", "watch"}),
}


@rule(name="package-manager-as-command", severity=Severity.INFO, recommended=False)
def package_manager_as_command(facts: Facts) -> Iterator[Finding]:
    """The container starts a package manager, which then starts the program.

    The package manager stays the first process: it uses memory, and may not pass SIGTERM on. Start the program itself.

    ```dockerfile bad
    FROM node:22-slim
    CMD ["npm", "start"]
    ```

    ```dockerfile good
    FROM node:22-slim
    CMD ["node", "server.js"]
    ```

    **Source:** the guide on best practices of the official node image, CMD.
    """
    target = facts.graph.target
    for stage in facts.graph.lineage(target) if target else ():
        for node in stage.all(nodes.CommandInstruction):
            form = node.form
            words = (
                [word.text for word in form.words]
                if isinstance(form, nodes.Exec)
                else form.text.split()
                if form
                else []
            )
            if len(words) > 1 and words[0] in RUNNERS and words[1] in RUNNERS[words[0]] and form:
                yield Finding(
                    form.span,
                    f"`{words[0]} {words[1]}` stays between the engine and the program, and may not pass signals on",
                )
