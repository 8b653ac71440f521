"""Acme's rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.edits import replace_word
from dockerlint.lint import Applicability, Finding, Fix, Severity, nodes, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint import Facts

PORT = "8080"


@rule("ACME001", name="other-port", severity=Severity.WARNING)
def other_port(facts: Facts) -> Iterator[Finding]:
    """A service exposes another port than Acme's load balancer asks.

    The load balancer asks port 8080 for health; a service that listens elsewhere is taken for dead.

    ```dockerfile bad
    FROM debian:bookworm-slim
    EXPOSE 9000
    ```

    ```dockerfile fixed
    FROM debian:bookworm-slim
    EXPOSE 8080
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    EXPOSE 8080
    ```

    **Fix safety:** unsafe: the service has to listen there too.

    **Source:** Acme's guide for services.
    """
    for node in facts.every(nodes.Expose):
        for word in node.words:
            if word.text.partition("/")[0] != PORT:
                fix = Fix(f"expose {PORT}", (replace_word(word, PORT),), Applicability.UNSAFE)
                yield Finding(word.span, f"`EXPOSE {word.text}`: the load balancer asks port {PORT}", fix)
