"""Mounts the caches of tools on the RUNs that fill them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint import nodes
from dockerlint.lint.findings import Applicability, Edit, Fix
from dockerlint.lint.leftovers import caches_of, cleaning

from .edits import insert, insert_flags, remove_command, remove_word

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dockerlint.lint.facts import Facts
    from dockerlint.lint.nodes import Run, Stage
    from dockerlint.lint.tools import Cache, Invocation, Tool


def wanted_caches(facts: Facts, run: Run, invocation: Invocation) -> tuple[Cache, ...]:
    """The caches of a tool that a RUN leaves unmounted; none when one of a kind that excludes others is mounted."""
    caches = caches_of(facts, run, invocation.tool)
    missing = tuple(item for item in caches if not facts.mounted(run, item.path))
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
        runs = [item for item in stage.all(nodes.Run) if any(i.tool is invocation.tool for i in facts.invocations(item))]
        if runs[0] is not run:
            return None
    edits = [edit for item in runs for edit in _edits(facts, item, invocation)]
    if not edits:
        return None
    return Fix(f"mount {invocation.tool.name}'s cache", tuple(edits), _applicability(facts, stage, runs, invocation))


def _refreshes(facts: Facts, run: Run, invocation: Invocation) -> bool:
    """Whether a RUN refreshes the package index itself, where it needs one: a mount hides the lists of earlier layers."""
    if not any(item.role == "index" for item in invocation.tool.caches):
        return True
    return any(item.tool is invocation.tool and item.action == "refresh" for item in facts.invocations(run))


def _edits(facts: Facts, run: Run, invocation: Invocation) -> list[Edit]:
    missing = wanted_caches(facts, run, invocation)
    if not missing:
        return []
    edits = [insert_flags(facts.doc, run, _flags(missing))]
    script = facts.script(run)
    if script is not None and invocation.tool.kind == "system":
        edits += _drop_cleanup(facts, run, missing, invocation.tool)
        if invocation.tool.mount_setup and script.commands:
            edits.append(insert(script.commands[0].span.start, f"{invocation.tool.mount_setup} && "))
    for item in facts.invocations(run):
        if item.tool is invocation.tool:
            edits += _keep_cache(facts, item)
    return edits


def _keep_cache(facts: Facts, invocation: Invocation) -> list[Edit]:
    """Takes the options away that switch the cache off, and adds the one that keeps packages in it."""
    action = invocation.tool.action(invocation.action)
    edits = [remove_word(facts.doc, flag.span) for flag in invocation.flags if flag.text in action.no_cache]
    keep = invocation.tool.mount_flag
    if keep and invocation.action in ("install", "upgrade") and not invocation.has((keep,)):
        edits.append(insert(invocation.subcommand_words[-1].span.end, f" {keep}"))
    return edits


def _flags(caches: Iterable[Cache]) -> list[str]:
    flags = []
    for item in caches:
        sharing = f",sharing={item.sharing}" if item.sharing != "shared" else ""
        flags.append(f"--mount=type=cache,target={item.mount}{sharing}")
    return flags


def _drop_cleanup(facts: Facts, run: Run, caches: tuple[Cache, ...], tool: Tool) -> list[Edit]:
    """Takes the commands away that would empty the mounted caches."""
    script = facts.script(run)
    if script is None:
        return []
    wipes = {command.span: command for item in caches if (command := cleaning(facts, run, item, tool))}
    edits = (remove_command(facts.doc, script, command) for command in wipes.values())
    return [edit for edit in edits if edit]


def _applicability(facts: Facts, stage: Stage, runs: list[Run], invocation: Invocation) -> Applicability:
    tool = invocation.tool
    if tool.kind == "system" or any(facts.script(run) is None for run in runs):
        return Applicability.UNSAFE
    if any(facts.state(run).user not in ("root", "0") for run in runs):
        return Applicability.UNSAFE
    env = facts.state(runs[0]).env
    if any(name in env for name in tool.no_cache_variables):
        return Applicability.UNSAFE
    # what a build tool keeps in its cache may be needed by the container or by a stage that copies it
    if any(item.kept for item in tool.caches) and (facts.ships(stage) or _copied_from(facts, stage, runs, tool)):
        return Applicability.UNSAFE
    return Applicability.SAFE


def _copied_from(facts: Facts, stage: Stage, runs: list[Run], tool: Tool) -> bool:
    paths = [item.path for run in runs for item in caches_of(facts, run, tool)]
    for other in facts.doc.stages:
        if facts.graph.parent(other) is stage:
            return True
        for node, _, source in facts.graph.sources(other):
            if source is stage and isinstance(node, nodes.Copy):
                names = [word.text.rstrip("/") or "/" for word in node.paths]
                if any(path == name or path.startswith(name.rstrip("/") + "/") for path in paths for name in names):
                    return True
    return False


def _roles(caches: Iterable[Cache]) -> set[str]:
    return {item.role for item in caches}
