"""DL3043: ONBUILD triggers ONBUILD, FROM or MAINTAINER, which it cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts

FORBIDDEN = frozenset({"ONBUILD", "FROM", "MAINTAINER"})


@rule(name="bad-trigger", severity=Severity.ERROR, recommended=False, needs=("onbuild",))
def bad_trigger(facts: Facts) -> Iterator[Finding]:
    """ONBUILD triggers ONBUILD, FROM or MAINTAINER, which it cannot.

    The builder refuses the file. It is a DL1000 too, which is why it is not among the recommended rules.

    ```dockerfile bad
    FROM node:22
    ONBUILD MAINTAINER Anna Author
    ```

    ```dockerfile good
    FROM node:22
    ONBUILD LABEL org.opencontainers.image.authors="Anna Author"
    ```

    **Source:** hadolint DL3043; the Dockerfile reference, ONBUILD.
    """
    for node in facts.every(nodes.Onbuild, triggers=False):
        if node.trigger.name in FORBIDDEN:
            yield Finding(node.trigger.keyword.span, f"`ONBUILD` cannot trigger {node.trigger.name}")
