"""DF413: the image expects the Docker socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts

SOCKETS = frozenset(
    {"/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock", "/run/podman/podman.sock"}
)


@rule(name="docker-socket", severity=Severity.WARNING, needs=(".sock",))
def docker_socket(facts: Facts) -> Iterator[Finding]:
    """The image expects the Docker socket.

    Whoever can write to that socket is root on its machine. A volume at its path invites users to mount it.

    ```dockerfile bad
    FROM debian:bookworm-slim
    VOLUME /var/run/docker.sock
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    VOLUME /var/lib/app
    ```

    **Source:** CIS Docker Benchmark 5.32; Semgrep dockerfile-dockerd-socket-mount.
    """
    for node in facts.every(nodes.Volume):
        for word in node.words:
            if word.text in SOCKETS:
                yield Finding(word.span, f"whoever can use {word.text} is root on the host")
    for run in facts.every(nodes.Run):
        for mount in facts.mounts(run):
            if mount.kind == "bind" and mount.flag and mount.source in SOCKETS:
                yield Finding(
                    mount.flag.span, f"whoever can use {mount.source} is root on the host"
                )
