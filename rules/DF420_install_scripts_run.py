"""DF420: the install runs scripts of the packages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts

# pnpm and bun run the scripts of packages only that are named.
TOOLS = frozenset({"npm", "yarn"})
FLAG = "--ignore-scripts"
VARIABLES = ("npm_config_ignore_scripts", "NPM_CONFIG_IGNORE_SCRIPTS", "YARN_ENABLE_SCRIPTS")


@rule(name="install-scripts-run", severity=Severity.INFO, recommended=False)
def install_scripts_run(facts: Facts) -> Iterator[Finding]:
    """The install runs scripts of the packages.

    A compromised package runs its code in the build, with the network and all secrets of the RUN. Few packages need such a
    script; `--ignore-scripts` leaves all of them out.

    ```dockerfile bad
    FROM node:22-slim
    COPY package.json package-lock.json ./
    RUN npm ci
    ```

    ```dockerfile good
    FROM node:22-slim
    COPY package.json package-lock.json ./
    RUN npm ci --ignore-scripts
    ```

    **Source:** SonarQube S6505; npm's documentation, config `ignore-scripts`.
    """
    for run in facts.every(nodes.Run):
        for invocation in facts.invocations(run):
            if (
                invocation.tool.name not in TOOLS
                or invocation.action != "install"
                or invocation.has((FLAG, "--version", "-v", "--help"))
            ):
                continue
            if any(name in facts.state(run).env for name in VARIABLES) or FLAG.lstrip("-") in facts.doc.source(
                run.span
            ):
                continue
            name = invocation.name
            yield Finding(
                invocation.command.span, f"`{name}` without `{FLAG}` runs the install scripts of every package"
            )
