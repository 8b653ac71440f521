"""DF111: the RUN's user cannot write to its cache mount."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.edits import insert
from dockerlint.fixers.refusal import Refusal, answered
from dockerlint.lint.analysis.users import is_root, number_of
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts


@rule(name="cache-mount-not-writable", severity=Severity.WARNING, needs=("--mount",))
def cache_mount_not_writable(facts: Facts) -> Iterator[Finding]:
    """The RUN's user cannot write to its cache mount.

    A cache mount is an empty folder of root with mode 0755, whatever lies at its place in the image. A tool that runs as another
    user fails there, or works without its cache. `uid=` gives the folder to the user.

    ```dockerfile bad
    FROM node:22-slim
    USER 1000
    RUN --mount=type=cache,target=/home/node/.npm npm ci
    ```

    ```dockerfile fixed
    FROM node:22-slim
    USER 1000
    RUN --mount=type=cache,target=/home/node/.npm,uid=1000 npm ci
    ```

    ```dockerfile good
    FROM node:22-slim
    USER 1000
    RUN --mount=type=cache,target=/home/node/.npm,uid=1000 npm ci
    ```

    **Fix safety:** safe: the cache is written to from now on. There is none where the user's number is not known.

    **Source:** the Dockerfile reference, `RUN --mount=type=cache`: uid, gid and mode.
    """
    for run in facts.every(nodes.Run, triggers=False):
        user = facts.state(run).user
        if user is None or is_root(user) is not False or "sudo" in facts.doc.source(run.span):
            continue
        for mount in facts.mounts(run):
            if (
                mount.kind != "cache"
                or mount.flag is None
                or mount.from_
                or not {"uid", "gid", "mode"}.isdisjoint(mount.options)
            ):
                continue
            number = number_of(user)
            fix: Fix | Refusal = Refusal(f"the number of {user} is not known: make the user with a number, or write `USER` with one")
            if number:
                fix = Fix(f"add `uid={number}` to the mount", (insert(mount.flag.span.end, f",uid={number}"),), Applicability.SAFE)
            yield answered(
                mount.flag.span,
                f"root owns the cache mount {mount.target}, and this RUN runs as {user}: add `uid=` to the mount",
                fix,
            )
