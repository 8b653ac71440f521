"""What tools leave in a layer: which of their caches a RUN fills, and which it cleans or mounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .tools import removed_paths

if TYPE_CHECKING:
    from .facts import Facts
    from .nodes import Run
    from .shell import Command
    from .tools import Cache, Invocation, Tool


def caches_of(facts: Facts, run: Run, tool: Tool) -> tuple[Cache, ...]:
    """The caches of a tool as a RUN sees them: in the home of its user, moved by variables, for its base image.

    Those in an unknown home, or moved to where the build decides, are left out.
    """
    state = facts.state(run)
    image = facts.base_of(run)
    repository = image.repository if image else None
    found = []
    for item in tool.cache_homes(facts.home(run) or "~"):
        if (item.images and repository not in item.images) or (repository in item.not_images):
            continue
        moved = item.variable is not None and item.variable in state.env
        where = state.env[item.variable] if moved and item.variable else item.mount
        if where is not None and not where.startswith("~"):
            found.append(item.at(where) if moved else item)
    return tuple(found)


def cleaning(facts: Facts, run: Run, cache: Cache, tool: Tool) -> Command | None:
    """The command of a RUN that empties a cache: `rm` of it or of what is above it, or the tool's own clean command."""
    for path, command in removed_paths(facts.commands(run)):
        if _covers(path, cache.path):
            return command
    for invocation in facts.invocations(run):
        if invocation.tool is tool and invocation.action == "clean" and _cleans(invocation, cache):
            return invocation.command
    return None


def leaves(facts: Facts, run: Run, cache: Cache, tool: Tool) -> bool:
    """Whether what a tool puts into a cache in this RUN gets into the layer: neither mounted nor cleaned."""
    return not facts.mounted(run, cache.path) and cleaning(facts, run, cache, tool) is None


def _covers(removed: str, path: str) -> bool:
    removed = removed.rstrip("/") or "/"
    return path == removed or path.startswith(removed.rstrip("/") + "/")


def _cleans(invocation: Invocation, cache: Cache) -> bool:
    # apt-get clean empties the packages, not the lists; the others' clean commands empty all they have
    return cache.clean is None or cache.role != "index" or not cache.clean.startswith("rm ")
