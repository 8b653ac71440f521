"""DF415: WORKDIR is a system folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts

FOLDERS = frozenset(
    """
    /bin /boot /dev /etc /lib /lib32 /lib64 /proc /run /sbin /sys /usr /usr/bin /usr/lib /usr/lib32 /usr/lib64 /usr/libexec /usr/sbin
    /usr/include /usr/share
    """.split()
)


@rule(name="workdir-in-system-folder", severity=Severity.WARNING, needs=("workdir",))
def workdir_in_system_folder(facts: Facts) -> Iterator[Finding]:
    """WORKDIR is a system folder.

    Files that a RUN or COPY puts there can replace system programs and settings, and so can the application.

    ```dockerfile bad
    FROM debian:bookworm-slim
    WORKDIR /usr/bin
    COPY . .
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    WORKDIR /usr/src/app
    COPY . .
    ```

    **Source:** the Filesystem Hierarchy Standard; Trivy DS-0030.
    """
    for node in facts.every(nodes.Workdir):
        path = facts.path(node.argument.text, node)
        if path is not None and path.rstrip("/") in FOLDERS:
            yield Finding(
                node.argument.span, f"{path} is a system folder: use a folder of its own for the application, such as /app"
            )
