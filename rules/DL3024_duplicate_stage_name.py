"""DL3024: two stages have the same name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile


@rule(name="duplicate-stage-name", severity=Severity.ERROR, aliases=("DuplicateStageName",))
def duplicate_stage_name(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """Two stages have the same name.

    What names it below takes the nearest one above, which is not always the one that is meant. Capitals make no
    difference to the builder.

    ```dockerfile bad
    FROM golang:1.23 AS build
    FROM node:22 AS build
    ```

    ```dockerfile good
    FROM golang:1.23 AS build
    FROM node:22 AS assets
    ```

    **Source:** hadolint DL3024; BuildKit's check DuplicateStageName.
    """
    seen: set[str] = set()
    for stage in doc.stages:
        alias = stage.from_.alias
        if alias is None:
            continue
        name = alias.text if facts.as_hadolint else alias.text.lower()
        if name in seen:
            yield Finding(alias.span, f"two stages are named `{alias.text}`")
        seen.add(name)
