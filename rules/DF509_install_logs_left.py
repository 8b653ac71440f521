"""DF509: an install leaves logs with the time of the build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.cache.cleanup import can_follow, clean_command, follow, lasting_mounts
from dockerlint.fixers.refusal import Refusal, answered
from dockerlint.lint.catalogue import tables
from dockerlint.lint.catalogue.tool import removed_paths
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.tool import Invocation
    from dockerlint.lint.syntax.nodes import Run

DATA = "lint/catalogue/data/install_logs.toml"


@rule(name="install-logs-left", severity=Severity.INFO, recommended=False, needs=("apt",))
def install_logs_left(facts: Facts) -> Iterator[Finding]:
    """An install leaves logs in the layer that hold the time of the build.

    apt and dpkg write down when they did what, and `ldconfig` keeps the times of the libraries. The packages may be the same, two
    builds are not: no digest can be compared, and every build is a new layer to push and to pull.

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y --no-install-recommends curl=7.88.1-10+deb12u12 && rm -rf /var/lib/apt/lists/*
    ```

    ```dockerfile fixed
    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y --no-install-recommends curl=7.88.1-10+deb12u12 && rm -rf /var/lib/apt/lists/* \\
        && rm -rf /var/log/apt/* /var/log/dpkg.log /var/log/alternatives.log /var/cache/ldconfig/aux-cache
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y --no-install-recommends curl=7.88.1-10+deb12u12 && rm -rf /var/lib/apt/lists/* /var/log/* /var/cache/ldconfig/*
    ```

    **Fix safety:** always unsafe: somebody may want to read in the image what was installed, and when.

    **Source:** two builds of each of these files were compared file by file; Debian's guide to reproducible builds.
    """
    known = tables.table(DATA)
    for run in facts.every(nodes.Run):
        installs = [item for item in facts.invocations(run) if item.tool.name in known and item.action in ("install", "upgrade")]
        if not installs or not facts.in_image(run):
            continue
        last = installs[-1]
        logs = known[last.tool.name]
        left = [path for path in logs if not _is_gone(facts, run, path, last)]
        # who clears some of them has decided about the rest
        if len(left) == len(logs):
            yield answered(last.command.span, f"`{last.name}` leaves logs with the build time: no two builds are the same", _fix(facts, run, last, logs))


def _is_gone(facts: Facts, run: Run, path: str, install: Invocation) -> bool:
    """Whether the layer does not get a file: it is removed behind the install, or lies on a mount."""
    plain = path.removesuffix("/*")
    if any(_covers(folder, plain) for folder in lasting_mounts(facts, run)):
        return True
    later = (command for command in facts.commands(run) if command.span.start > install.command.span.start)
    return any(_covers(gone.rstrip("/"), plain) for gone, _ in removed_paths(later))


def _covers(folder: str, path: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _fix(facts: Facts, run: Run, install: Invocation, logs: list[str]) -> Fix | Refusal:
    script = facts.script(run)
    if script is None or not can_follow(script):
        return Refusal("no command can follow this script: end it with a plain command joined by `&&`")
    command = clean_command(install, f"rm -rf {' '.join(logs)}")
    return Fix("remove the logs in the same RUN", (follow(facts.doc, script, command),), Applicability.UNSAFE)
