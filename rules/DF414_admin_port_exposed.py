"""DF414: EXPOSE names a port for administration, such as SSH."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.ports import Port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile

# Source: IANA's registry of ports; the ports of remote desktops and of the engine itself.
SERVICES = {
    "22": "SSH",
    "23": "Telnet",
    "2375": "the Docker API, unencrypted",
    "2376": "the Docker API",
    "3389": "Remote Desktop",
    "5900": "VNC",
    "5985": "Windows Remote Management",
    "5986": "Windows Remote Management",
}


@rule(name="admin-port-exposed", severity=Severity.INFO, recommended=False, needs=("expose",))
def admin_port_exposed(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """EXPOSE names a port for administration, such as SSH.

    A server for remote logins in a container needs keys, patches and watching of its own; `docker exec` does the same without one.

    ```dockerfile bad
    FROM debian:bookworm-slim
    EXPOSE 80 22
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    EXPOSE 80 8022
    ```

    **Source:** CIS Docker Benchmark 5.7; SonarQube S6473.
    """
    for node in facts.every(nodes.Expose):
        for word in node.words:
            port = Port.parse(word.text, doc.escape)
            service = SERVICES.get(port.port) if port else None
            if service:
                yield Finding(
                    word.span, f"`EXPOSE {word.text}` opens the port of {service}, which a container does not need"
                )
