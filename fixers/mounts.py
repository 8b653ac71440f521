"""Mounts the caches of tools on the RUNs that fill them."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

from dockerlint.lint import nodes
from dockerlint.lint.accounts import number_of
from dockerlint.lint.findings import Applicability, Edit, Fix
from dockerlint.lint.leftovers import caches_of, removed, removed_by
from dockerlint.lint.tools import invocation as invocation_of
from dockerlint.lint.tools import strip_glob

from .edits import are_apart, insert, insert_flags, remove_command, remove_word
from .footprint import commands

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dockerlint.lint.facts import Facts
    from dockerlint.lint.findings import Span
    from dockerlint.lint.nodes import Dockerfile, Run, Stage
    from dockerlint.lint.shell import Command, Script
    from dockerlint.lint.tools import Cache, Invocation, Tool

LONGEST_FLAG = 300


def wanted_caches(facts: Facts, run: Run, invocation: Invocation) -> tuple[Cache, ...]:
    """The caches of a tool that a RUN leaves unmounted; none when one of a kind that excludes others is mounted."""
    caches = caches_of(facts, run, invocation.tool)
    missing = tuple(item for item in caches if not facts.mounted(run, item.path))
    if any(mount.target is not None and _lies(mount.target, item.mount) for mount in facts.mounts(run) for item in missing):
        return ()
    # dnf and dnf5, one tool with two places: either one mounted will do
    if invocation.tool.kind == "system" and len(missing) < len(caches) and not _roles(caches) - _roles(missing):
        return ()
    return missing


def mount_caches(facts: Facts, stage: Stage, run: Run, invocation: Invocation) -> Fix | None:
    """The fix that mounts a tool's caches on a RUN and takes away what defeats them.

    A tool whose later steps need what is in its cache (`kept`) gets the mounts on all RUNs of the stage at once, by the
    first one's fix.
    """
    if not _refreshes(facts, run, invocation):
        return None
    runs = [run]
    if any(item.kept for item in invocation.tool.caches):
        using = (item for item in stage.all(nodes.Run) if any(i.tool is invocation.tool for i in facts.invocations(item)))
        if next(using) is not run:
            return None
        runs.extend(using)
    made = [_edits(facts, item, invocation) for item in runs]
    edits = tuple(edit for item in made if item is not None for edit in item)
    if not edits or None in made:
        return None
    return Fix(f"mount {invocation.tool.name}'s cache", edits, _applicability(facts, stage, runs, invocation))


def _refreshes(facts: Facts, run: Run, invocation: Invocation) -> bool:
    """Whether a RUN refreshes the package index itself, where it needs one: a mount hides the lists of earlier layers."""
    if not any(item.role == "index" for item in invocation.tool.caches):
        return True
    return any(item.tool is invocation.tool and item.action == "refresh" for item in facts.invocations(run))


def _edits(facts: Facts, run: Run, invocation: Invocation) -> list[Edit] | None:
    """The edits of one RUN; None when something in it would defeat the mount or be defeated by it."""
    missing = wanted_caches(facts, run, invocation)
    if not missing:
        return []
    cleanup = _drop_cleanup(facts, run, missing, invocation.tool)
    setup = _setup(facts, run, invocation.tool)
    if cleanup is None or setup is None:
        return None
    options = [edit for item in facts.invocations(run) if item.tool is invocation.tool for edit in _keep_cache(facts, item)]
    if isinstance(run.form, nodes.Exec) and (options or cleanup):
        return None
    # a mount belongs to root unless it is told otherwise, and another user could not write to it
    user = facts.state(run).user
    number = number_of(user) if user else "0"
    if number is None:
        return None
    return [insert_flags(facts.doc, run, _flags(missing, number)), *cleanup, *setup, *options]


def _setup(facts: Facts, run: Run, tool: Tool) -> list[Edit] | None:
    """What must run before the tool so that it fills its cache; None when there is no place for it."""
    script = facts.script(run)
    if tool.mount_setup is None or script is None:
        return []
    if not script.heredoc:
        return [insert(script.core.start, f"{tool.mount_setup} && ")]
    first = script.commands[0]
    return None if first.within or script.tests else [insert(first.span.start, tool.mount_setup + facts.doc.newline)]


def _keep_cache(facts: Facts, invocation: Invocation) -> list[Edit]:
    """Takes the options away that switch the cache off, and adds the one that keeps packages in it."""
    action = invocation.tool.action(invocation.action)
    edits = [remove_word(facts.doc, flag.span) for flag in invocation.flags if flag.text in action.no_cache]
    keep = invocation.tool.mount_flag
    if keep and invocation.action in ("install", "upgrade") and not invocation.has((keep,)):
        edits.append(insert(invocation.subcommand_words[-1].span.end, f" {keep}"))
    return edits


def _flags(caches: Iterable[Cache], user: str) -> list[str]:
    owner = f",uid={user}" if user != "0" else ""
    flags = []
    for item in caches:
        sharing = f",sharing={item.sharing}" if item.sharing != "shared" else ""
        flags.append(f"--mount=type=cache,target={item.mount}{sharing}{owner}")
    return flags


def _drop_cleanup(facts: Facts, run: Run, caches: tuple[Cache, ...], tool: Tool) -> list[Edit] | None:
    """Takes away what would empty the mounted caches; None when that cannot be told apart from the rest of its command.

    A folder that a cache is mounted in cannot be removed either: the command would fail.
    """
    script = facts.script(run)
    wipes: dict[Span, Command] = {}
    for path, command in removed(facts, run):
        if any(_lies(item.mount, path) and item.mount != path for item in caches):
            return None
        if any(_lies(path, item.mount) for item in caches):
            wipes[command.span] = command
    for invocation in facts.invocations(run):
        if invocation.tool is tool and invocation.action == "clean":
            wipes[invocation.command.span] = invocation.command
    edits: list[Edit] = []
    for command in wipes.values():
        gone = script and _without(facts, run, script, command, caches)
        if not gone:
            return None
        edits += gone
    return edits if are_apart(edits) else None


def _without(facts: Facts, run: Run, script: Script, command: Command, caches: tuple[Cache, ...]) -> list[Edit] | None:
    """A command without the paths that lie in caches; without any path it goes."""
    paths = [path for path, _ in removed_by(facts, run, command)]
    if all(any(_lies(path, item.mount) for item in caches) for path in paths):
        edit = remove_command(facts.doc, script, command)
        return [edit] if edit else None
    if command.name != "rm":
        return None
    words = [word for word in command.arguments if not word.text.startswith("-")]
    return [
        remove_word(facts.doc, word.span)
        for word, path in zip(words, paths, strict=True)
        if any(_lies(path, item.mount) for item in caches)
    ]


def _applicability(facts: Facts, stage: Stage, runs: list[Run], invocation: Invocation) -> Applicability:
    tool = invocation.tool
    if tool.kind == "system" or not all(_is_plain(facts, run, tool) for run in runs):
        return Applicability.UNSAFE
    paths = {item.path for run in runs for item in caches_of(facts, run, tool)}
    if commands().offline.search(facts.doc.text) or any(_is_named(facts.doc, runs, facts.home(runs[0]), path) for path in paths):
        return Applicability.UNSAFE
    # what a build tool keeps in its cache may be needed by the container or by a stage that copies it
    if any(item.kept for item in tool.caches) and (facts.ships(stage) or not _others_are_known(facts, stage, runs)):
        return Applicability.UNSAFE
    return Applicability.UNSAFE if _copied_from(facts, stage, runs, tool) else Applicability.SAFE


def _is_plain(facts: Facts, run: Run, tool: Tool) -> bool:
    """Whether a tool surely runs as root in this RUN, with its cache where it is by itself."""
    script = facts.script(run)
    state = facts.state(run)
    if script is None or state.user not in ("root", "0"):
        return False
    moving = {"HOME", "XDG_CACHE_HOME", *tool.no_cache_variables, *(item.variable for item in tool.caches if item.variable)}
    if not moving.isdisjoint(state.env) or any(f"{name}=" in script.text for name in moving):
        return False
    if any("$" in path or "{" in path for path, _ in removed(facts, run)):
        return False
    return all(item.command.words == item.words for item in facts.invocations(run) if item.tool is tool)


def _is_named(doc: Dockerfile, runs: list[Run], home: str | None, path: str) -> bool:
    """Whether anything but a mount and the RUNs themselves names the folder that a cache lies in."""
    inside = home is not None and path.startswith(home.rstrip("/") + "/")
    name = path[len(home.rstrip("/")) + 1 :].split("/")[0] if inside and home else path
    for match in re.finditer(re.escape(name) + r"(?!\w)", doc.text):
        # the runs are in file order
        index = bisect_right(runs, match.start(), key=lambda run: run.span.start)
        if index and match.start() < runs[index - 1].span.end:
            continue
        word = doc.text[max(0, match.start() - LONGEST_FLAG) : match.start()].split()
        if not word or not word[-1].startswith("--mount="):
            return True
    return False


def _others_are_known(facts: Facts, stage: Stage, runs: list[Run]) -> bool:
    """Whether no other RUN of a stage may call the tool, as `make` would."""
    known = commands()
    names = known.plain | known.silent | known.accounts
    places = {run.span for run in runs}
    others = (run for run in stage.all(nodes.Run) if run.span not in places)
    return all(
        facts.script(run) is not None and all(item.name in names or invocation_of(item) for item in facts.commands(run))
        for run in others
    )


def _copied_from(facts: Facts, stage: Stage, runs: list[Run], tool: Tool) -> bool:
    """Whether another stage is FROM this one, or takes from it what a cache may hold."""
    paths = {item.path for run in runs for item in caches_of(facts, run, tool)}
    for other in facts.doc.stages[stage.index + 1 :]:
        if facts.graph.parent(other) is stage:
            return True
        for node, reference, source in facts.graph.sources(other):
            if source is not stage:
                continue
            if isinstance(node, nodes.Copy):
                names = [word.text for word in node.paths]
            elif isinstance(node, nodes.Run):
                names = [mount.source or "/" for mount in facts.mounts(node) if mount.from_ == reference]
            else:
                return True
            if any("$" in name or _lies(path, strip_glob(name)) for path in paths for name in names):
                return True
    return False


def _lies(path: str, folder: str) -> bool:
    """Whether a path is a folder or lies in it."""
    return (path.rstrip("/") + "/").startswith(folder.rstrip("/") + "/")


def _roles(caches: Iterable[Cache]) -> set[str]:
    return {item.role for item in caches}
