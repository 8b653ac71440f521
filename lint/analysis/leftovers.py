"""What tools leave in a layer: which of their caches a RUN fills, and which it cleans or mounts."""

from __future__ import annotations

import posixpath
import re
from itertools import islice
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dockerlint.lint.catalogue.base_images import parse_reference
from dockerlint.lint.catalogue.tool import catalogue, removed_paths
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax.nodes import CommandInstruction

from .facts import once
from .users import is_root

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.catalogue.tool import Cache, Tool
    from dockerlint.lint.shell.script import Command
    from dockerlint.lint.syntax.nodes import Run

    from .facts import Facts

# Variables that move folders of the home. Source: XDG Base Directory Specification.
XDG = {"XDG_CACHE_HOME": ".cache", "XDG_DATA_HOME": ".local/share", "XDG_STATE_HOME": ".local/state"}
# Of files with the same name in a context no more than these are looked into.
MOST_ALIKE = 50
# A command in a word's place: `$(yarn cache dir)`, and what it does with errors.
ASKED = regex(r"(?:\$\(\s*([\w .-]*?)\s*(?:\d?>[^)]*)?\)|`\s*([\w .-]*?)\s*(?:\d?>[^`]*)?`)(?=/|\Z)")
HOME = regex(r"(?:~|\$HOME|\$\{HOME\})(?=/|\Z)")


@once
def caches_of(facts: Facts, run: Run, tool: Tool) -> tuple[Cache, ...]:
    """The caches of a tool as a RUN sees them: in the home of its user, moved by variables, for its base image.

    Those in an unknown home, or moved to where the build decides, are left out.
    """
    home = facts.home(run) or "~"
    repository = _repository(facts, run)
    used = (item for item in tool.cache_homes(home) if _is_used(facts, run, item, repository))
    placed = (_placed(facts, run, item, home) for item in used)
    return tuple(item for item in placed if item is not None)


def _is_used(facts: Facts, run: Run, item: Cache, repository: str | None) -> bool:
    """Whether a cache is one for the user, the base image (by its repository), the variables and the context of a RUN."""
    state = facts.state(run)
    if (item.images and repository not in item.images) or (repository in item.not_images):
        return False
    if item.users and (item.users == "root") is (is_root(state.user) is False):
        return False
    if not all(_shows(facts, *pair) for pair in item.evidence) or has_evidence(facts, item.counter):
        return False
    return not any(name in state.env for name in item.unless)


def _repository(facts: Facts, run: Run) -> str | None:
    try:
        image = facts.image(facts.stage_of(run))
    except KeyError:
        return None
    return parse_reference(image).repository if image else None


def _placed(facts: Facts, run: Run, item: Cache, home: str) -> Cache | None:
    """A cache where the variables that are in force put it; None when that cannot be told."""
    env = facts.state(run).env
    movers = {**({item.variable: item.below} if item.variable else {}), **item.also}
    for name, below in movers.items():
        if name in env:
            where = env[name]
            return replace(item, below=below).at(where) if where is not None and not where.startswith("~") else None
    for name, folder in XDG.items():
        top = f"{home.rstrip('/')}/{folder}/"
        if name in env and item.path.startswith(top):
            where = env[name]
            # what is not absolute there is to be ignored
            if where is not None and not where.startswith("/"):
                break
            return replace(item, below="").at(posixpath.join(where, item.path.removeprefix(top))) if where else None
    return None if item.mount.startswith("~") else item


def has_evidence(facts: Facts, pairs: tuple[tuple[str, str], ...]) -> bool:
    """Whether the build context has a file of one of the names with a text that matches its pattern."""
    return any(_shows(facts, *pair) for pair in pairs)


def _shows(facts: Facts, name: str, pattern: str) -> bool:
    """Whether the build context has a file of that name with a text that matches."""
    if facts.context is None:
        return False
    named = (path for path in facts.context.files if path == name or path.endswith("/" + name))
    return any(re.search(pattern, facts.context.read(path) or "") for path in islice(named, MOST_ALIKE))


def runs_in_container(facts: Facts, tool: Tool) -> bool:
    """Whether the container's command is the tool itself, which then needs its cache."""
    names = "|".join(re.escape(name) for name in tool.commands)
    word = re.compile(rf"(?<![\w.-])(?:{names})(?![\w.-])")
    return any(word.search(facts.doc.source(node.span)) for node in facts.every(CommandInstruction, triggers=False))


def cleaning(facts: Facts, run: Run, cache: Cache, tool: Tool) -> Command | None:
    """The command of a RUN that empties a cache: `rm` of it or of what is above it, or the tool's own clean command."""
    for path, command in removed(facts, run):
        if _covers(path, cache.path):
            return command
    for invocation in facts.invocations(run):
        if invocation.tool is tool and cache.emptied_by(invocation):
            return invocation.command
    return None


@once
def removed(facts: Facts, run: Run) -> tuple[tuple[str, Command], ...]:
    """The paths that a RUN takes away, and by which command; `~` and `$HOME` are its user's home where that is known."""
    return tuple([item for command in facts.commands(run) for item in removed_by(facts, run, command)])


def removed_by(facts: Facts, run: Run, command: Command) -> Iterator[tuple[str, Command]]:
    """The same for one command of a RUN."""
    for path, _ in removed_paths([command]):
        yield _resolved(facts, run, path), command


def _resolved(facts: Facts, run: Run, path: str) -> str:
    """A path with its home, its variables, and the folder of a cache that a tool is asked for (`$(yarn cache dir)`) put in."""
    home = facts.home(run)
    match = HOME.match(path)
    if match and home is not None:
        return home + path[match.end() :]
    if match := ASKED.match(path):
        question = " ".join((match[1] or match[2]).split())
        asking = (tool for tool in catalogue() if any(question in item.asked_by for item in tool.caches))
        place = next((item.path for tool in asking for item in caches_of(facts, run, tool) if question in item.asked_by), None)
        return place + path[match.end() :] if place else path
    return (facts.expand(path, run) or path) if path.startswith("$") else path


def leaves(facts: Facts, run: Run, cache: Cache, tool: Tool) -> bool:
    """Whether what a tool puts into a cache in this RUN gets into the layer: neither mounted nor cleaned."""
    return not facts.mounted(run, cache.path) and cleaning(facts, run, cache, tool) is None


def _covers(removed: str, path: str) -> bool:
    removed = removed.rstrip("/") or "/"
    return path == removed or path.startswith(removed.rstrip("/") + "/")
