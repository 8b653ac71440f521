"""DL3009: apt's package lists stay in the layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.cache.cleanup import FILLING, clean_up, cleaned, lasting_mounts
from dockerlint.fixers.refusal import Refusal, answered
from dockerlint.lint.analysis.leftovers import caches_of
from dockerlint.lint.catalogue.tool import removed_paths
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.tool import Cache, Invocation
    from dockerlint.lint.syntax.nodes import Instruction, Run


@rule(name="apt-lists-left", severity=Severity.INFO, needs=("apt",))
def apt_lists_left(facts: Facts) -> Iterator[Finding]:
    """apt's package lists stay in the layer.

    `apt-get update` writes 20 to 50 MB of lists. They are of no use in the image, and a later layer cannot take them
    back. Stages that do not ship, and lists on a cache or tmpfs mount, are left alone.

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN apt-get update \\
        && apt-get install -y --no-install-recommends curl
    ```

    ```dockerfile fixed
    FROM debian:bookworm-slim
    RUN apt-get update \\
        && apt-get install -y --no-install-recommends curl \\
        && rm -rf /var/lib/apt/lists/*
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    RUN --mount=type=cache,target=/var/cache/apt,sharing=locked --mount=type=cache,target=/var/lib/apt,sharing=locked \\
        apt-get update && apt-get install -y --no-install-recommends curl
    ```

    **Fix safety:** safe when no later step of the stage, or of a stage built on it, needs the lists; unsafe when scripts
    are called there that might. There is no fix when a later install works with these lists: it must go into this RUN.

    **Source:** hadolint DL3009; Docker's guide on best practices, apt-get.
    """
    for run in facts.every(nodes.Run):
        used = [item for item in facts.invocations(run) if item.tool.name == "apt"]
        refresh = next((item for item in used if item.action == "refresh"), None)
        if refresh is None or not _ships_lists(facts, run):
            continue
        after = max(item.command.span.end for item in used if item.action in (*FILLING, "refresh"))
        for cache in caches_of(facts, run, refresh.tool):
            if cache.role == "index" and not _settled(facts, run, cache, refresh, after):
                message = f"apt's package lists stay in the layer ({cache.path})"
                yield answered(refresh.command.span, message, clean_up(facts, run, refresh, cache))
            elif cache.role == "packages" and _keeps_packages(facts, run, cache, refresh, after):
                why = Refusal(f"they are kept for a mount that is not there: add `--mount=type=cache,target={cache.mount},sharing=locked`")
                yield answered(refresh.command.span, f"apt's downloaded packages stay in the layer ({cache.path})", why)


def _ships_lists(facts: Facts, run: Run) -> bool:
    """Whether the layer is part of an image; hadolint asks this for apt only, and means stages that others are FROM."""
    if not facts.as_hadolint:
        return facts.in_image(run)
    stage = next((stage for stage in facts.doc.stages if run in stage.instructions), None)
    return stage is None or stage is facts.doc.stages[-1] or any(facts.graph.children(stage))


def _settled(facts: Facts, run: Run, cache: Cache, refresh: Invocation, after: int) -> bool:
    """Whether the lists lie on a mount, or are cleaned once they are no longer needed."""
    if not facts.as_hadolint:
        return facts.mounted(run, cache.path) or cleaned(facts, run, cache, refresh, after)
    # as measured with hadolint 2.15.1: the lists' folder itself is mounted, or both that BuildKit's reference names
    targets = lasting_mounts(facts, run)
    if cache.path in targets or all(item.mount in targets for item in refresh.tool.caches):
        return True
    # ... and any `rm` with one of the two words of the usual clean-up is taken for it, wherever it stands
    words = {word.text for command in facts.commands(run) if command.name == "rm" for word in command.words}
    return not words.isdisjoint({"-rf", f"{cache.path}/*"})


def _keeps_packages(facts: Facts, run: Run, cache: Cache, refresh: Invocation, after: int) -> bool:
    """Whether the packages stay: Debian's hook that deletes them is taken away for mounts, but this one is missing."""
    if facts.as_hadolint or not lasting_mounts(facts, run) or facts.mounted(run, cache.path):
        return False
    hook = refresh.tool.mount_setup[0].rpartition(" ")[2] if refresh.tool.mount_setup else ""
    unhooked = _removes(facts, run, hook) or facts.comes_before(run, _removes, hook)
    return unhooked and not cleaned(facts, run, cache, refresh, after)


def _removes(facts: Facts, item: Instruction, path: str) -> bool:
    node = item.trigger if isinstance(item, nodes.Onbuild) else item
    return isinstance(node, nodes.Run) and any(gone == path for gone, _ in removed_paths(facts.commands(node)))
