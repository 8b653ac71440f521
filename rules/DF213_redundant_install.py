"""DF213: a RUN installs a program that the base image already has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts

# Packages whose second copy is worth a word: runtimes and their package managers.
PROVIDES = {
    "nodejs": "node",
    "npm": "npm",
    "yarn": "yarn",
    "python3": "python3",
    "python3-pip": "pip",
    "py3-pip": "pip",
    "golang": "go",
    "golang-go": "go",
    "go": "go",
    "ruby": "ruby",
    "ruby-full": "ruby",
    "cargo": "cargo",
    "rustc": "rustc",
    "php": "php",
    "php-cli": "php",
    "composer": "composer",
    "maven": "mvn",
    "gradle": "gradle",
}


@rule(name="redundant-install", severity=Severity.INFO, recommended=False)
def redundant_install(facts: Facts) -> Iterator[Finding]:
    """A RUN installs a program that the base image already has.

    The second copy comes with dependencies, and PATH decides which of the two runs.

    ```dockerfile bad
    FROM node:22
    RUN apt-get update && apt-get install -y nodejs npm && rm -rf /var/lib/apt/lists/*
    ```

    ```dockerfile good
    FROM node:22
    RUN apt-get update && apt-get install -y jq && rm -rf /var/lib/apt/lists/*
    ```

    **Source:** the table of base images; the images' own pages.
    """
    for run in facts.every(nodes.Run):
        base = facts.base_of(run)
        if base is None:
            continue
        for invocation in facts.invocations(run):
            if invocation.tool.kind != "system" or invocation.action != "install":
                continue
            for word in invocation.packages:
                program = PROVIDES.get(word.text)
                if program in base.tools:
                    yield Finding(
                        word.span, f"the base image already has {program}: {word.text} installs it again"
                    )
