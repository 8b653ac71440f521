"""What tools leave in a layer: which of their caches a RUN fills, and which it cleans or mounts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .tools import removed_paths

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .facts import Facts
    from .nodes import Run
    from .shell import Command
    from .tools import Cache, Tool

HOME = re.compile(r"(?:~|\$HOME|\$\{HOME\})(?=/|\Z)")


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
        if any(name in state.env for name in item.unless):
            continue
        moved = item.variable is not None and item.variable in state.env
        where = state.env[item.variable] if moved and item.variable else item.mount
        if where is not None and not where.startswith("~"):
            found.append(item.at(where) if moved else item)
    return tuple(found)


def cleaning(facts: Facts, run: Run, cache: Cache, tool: Tool) -> Command | None:
    """The command of a RUN that empties a cache: `rm` of it or of what is above it, or the tool's own clean command."""
    for path, command in removed(facts, run):
        if _covers(path, cache.path):
            return command
    for invocation in facts.invocations(run):
        if invocation.tool is tool and invocation.action == "clean" and _cleans(cache):
            return invocation.command
    return None


def removed(facts: Facts, run: Run) -> Iterator[tuple[str, Command]]:
    """The paths that a RUN takes away, and by which command; `~` and `$HOME` are its user's home where that is known."""
    for command in facts.commands(run):
        yield from removed_by(facts, run, command)


def removed_by(facts: Facts, run: Run, command: Command) -> Iterator[tuple[str, Command]]:
    """The same for one command of a RUN."""
    home = facts.home(run)
    for path, _ in removed_paths([command]):
        match = HOME.match(path)
        yield (home + path[match.end() :] if match and home is not None else path), command


def leaves(facts: Facts, run: Run, cache: Cache, tool: Tool) -> bool:
    """Whether what a tool puts into a cache in this RUN gets into the layer: neither mounted nor cleaned."""
    return not facts.mounted(run, cache.path) and cleaning(facts, run, cache, tool) is None


def _covers(removed: str, path: str) -> bool:
    removed = removed.rstrip("/") or "/"
    return path == removed or path.startswith(removed.rstrip("/") + "/")


def _cleans(cache: Cache) -> bool:
    # apt-get clean empties the packages, not the lists; the others' clean commands empty all they have
    return cache.clean is None or cache.role != "index" or not cache.clean.startswith("rm ")
