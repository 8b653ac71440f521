"""DF721: a long list of packages is not sorted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile

FEWEST = 4


@rule(name="unsorted-packages", severity=Severity.STYLE, recommended=False)
def unsorted_packages(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A long list of packages is not sorted.

    In alphabetical order, one a line, a package is found at a glance, none stands there twice, and changes are easy to review.

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y \\
        wget \\
        curl \\
        git \\
        jq
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y \\
        curl \\
        git \\
        jq \\
        wget
    ```

    **Source:** Docker's guide on best practices, "Sort multi-line arguments".
    """
    for run in facts.every(nodes.Run):
        for invocation in facts.invocations(run):
            words = invocation.packages if invocation.tool.kind == "system" and invocation.action == "install" else ()
            lines = {doc.line(word.span.start) for word in words}
            names = [word.text.lower() for word in words]
            if len(words) >= FEWEST and len(lines) == len(words) and names != sorted(names):
                at = next(index for index in range(1, len(names)) if names[index] < names[index - 1])
                yield Finding(
                    words[at].span,
                    f"packages are not sorted: {words[at].text} comes after {words[at - 1].text}",
                )
