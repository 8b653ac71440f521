"""DF109: apt's cache mount is not locked, or Debian's docker-clean hook empties it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.cache.cache_mounts import needs_setup, set_up
from dockerlint.fixers.edits import insert
from dockerlint.fixers.refusal import Refusal, answered
from dockerlint.lint.analysis.leftovers import caches_of
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.span import Edit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.tool import Cache, Tool
    from dockerlint.lint.syntax.nodes import Dockerfile, Run
    from dockerlint.lint.syntax.run_mounts import Mount

# Where Debian's images have the hook.
DEBIAN = frozenset({"debian", "ubuntu"})


@rule(name="apt-cache-mount-unlocked", severity=Severity.WARNING, needs=("--mount",))
def apt_cache_mount_unlocked(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """apt's cache mount is not locked, or Debian's docker-clean hook empties it.

    apt locks its folders: when two builds share a mount, one fails unless the mount makes it wait. And Debian's images have a
    hook that deletes each downloaded package, so /var/cache/apt on a mount stays empty until the hook is removed.

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN --mount=type=cache,target=/var/lib/apt apt-get update && apt-get install -y curl
    ```

    ```dockerfile fixed
    FROM debian:bookworm-slim
    RUN --mount=type=cache,target=/var/lib/apt,sharing=locked apt-get update && apt-get install -y curl
    ```

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN --mount=type=cache,target=/var/cache/apt,sharing=locked apt-get update && apt-get install -y curl
    ```

    ```dockerfile fixed
    FROM debian:bookworm-slim
    RUN --mount=type=cache,target=/var/cache/apt,sharing=locked rm -f /etc/apt/apt.conf.d/docker-clean && \\
        apt-get update && apt-get install -y curl
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    RUN rm -f /etc/apt/apt.conf.d/docker-clean
    RUN --mount=type=cache,target=/var/cache/apt,sharing=locked --mount=type=cache,target=/var/lib/apt,sharing=locked \\
        apt-get update && apt-get install -y curl
    ```

    **Fix safety:** the lock is safe. To delete the hook is not: later installs without the mount leave their packages.

    **Source:** the Dockerfile reference, "Example: cache apt packages"; Docker's images of Debian and Ubuntu.
    """
    for run in facts.every(nodes.Run, triggers=False):
        used = next((item.tool for item in facts.invocations(run) if item.tool.mount_setup), None)
        if used is None or not any(item.action in ("install", "refresh", "upgrade") for item in facts.invocations(run)):
            continue
        for mount in facts.mounts(run):
            caches = [item for item in caches_of(facts, run, used) if mount.kind == "cache" and _is_of(mount, item)]
            if caches and mount.flag is not None:
                yield from _check(doc, facts, run, mount, caches, used)


def _is_of(mount: Mount, cache: Cache) -> bool:
    """Whether a mount holds a cache or a part of it."""
    target = (mount.target or "").rstrip("/")
    return mount.covers(cache.path) or target.startswith(cache.path + "/")


def _check(doc: Dockerfile, facts: Facts, run: Run, mount: Mount, caches: list[Cache], tool: Tool) -> Iterator[Finding]:
    assert mount.flag is not None
    sharing = mount.options.get("sharing", "shared").lower()
    if sharing == "shared":
        message = f"{mount.target} is mounted without `sharing=locked`: when two builds run at once, one fails"
        yield answered(mount.flag.span, message, _lock(doc, mount))
    if any(item.role == "packages" for item in caches) and _has_hook(facts, run):
        message = f"{mount.target} stays empty: the base image's docker-clean hook deletes every package that apt downloads"
        yield answered(mount.flag.span, message, _unhook(facts, run, tool))


def _lock(doc: Dockerfile, mount: Mount) -> Fix | Refusal:
    assert mount.flag is not None
    span = mount.flag.span
    text = doc.source(span)
    if '"' in text or "'" in text:
        return Refusal("there are quotes in the flag: add `sharing=locked` to it by hand")
    edit = Edit(span, text.replace("sharing=shared", "sharing=locked"))
    if "sharing=" not in text:
        edit = insert(span.end, ",sharing=locked")
    return Fix("add `sharing=locked` to the mount", (edit,), Applicability.SAFE)


def _has_hook(facts: Facts, run: Run) -> bool:
    """Whether the hook of Debian's images is surely there: nothing up to here names it."""
    base = facts.base_of(run)
    return base is not None and base.distribution in DEBIAN and needs_setup(facts, run)


def _unhook(facts: Facts, run: Run, tool: Tool) -> Fix | Refusal:
    edits = set_up(facts, run, tool, flagged=True)
    if not edits:
        return Refusal("there is no place in this step for a command: delete the hook in a RUN above")
    return Fix("remove the docker-clean hook", tuple(edits), Applicability.UNSAFE)
