"""DF720: a label is given twice, and only the last value counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.syntax.nodes import Dockerfile


@rule(name="duplicate-label", severity=Severity.STYLE, recommended=False, needs=("label",))
def duplicate_label(doc: Dockerfile) -> Iterator[Finding]:
    """A label is given twice, and only the last value counts.

    ```dockerfile bad
    FROM debian:bookworm-slim
    LABEL version=1.0 team=web version=1.1
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    LABEL version=1.1 team=web
    ```

    **Source:** the Dockerfile reference, LABEL.
    """
    for stage in doc.stages:
        seen: set[str] = set()
        for node in reversed(list(stage.all(nodes.Label))):
            for pair in reversed(node.pairs):
                if pair.key.text in seen:
                    yield Finding(
                        pair.span,
                        f"label {pair.key.text} is set again below: only the last value counts",
                    )
                seen.add(pair.key.text)
