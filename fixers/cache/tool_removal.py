"""Whether a tool that a RUN uses is still there at the RUN's end: a clean-up by its own command fails where it is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.effects.footprint import commands
from dockerlint.lint.analysis.leftovers import removed_by

if TYPE_CHECKING:
    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.tool import Invocation, Tool
    from dockerlint.lint.shell.script import Command, Script
    from dockerlint.lint.syntax.nodes import Run

# Below these lies nothing that a program needs to run.
LITTER = (
    *("/tmp", "/var/tmp", "/var/cache", "/var/lib/apt/lists", "/var/log"),  # noqa: S108 - read, not written
    *("/usr/share/doc", "/usr/share/man", "/usr/share/locale"),
)
# Of the commands that touch only what they are given, those that can take a file away or put another in its place.
TAKING_AWAY = frozenset({"rm", "mv", "find", "ln", "cp", "install", "dd", "truncate"})
# Folders on the PATH, or above one.
PROGRAMS = ("", ".", "bin", "sbin", "usr", "opt", "lib", "local")


def stays(facts: Facts, run: Run, script: Script, tool: Tool) -> bool:
    """Whether a tool is sure to be there at a RUN's end: it is called for certain, and nothing behind takes it away."""
    used = [item for item in facts.invocations(run) if item.tool is tool and item.action != "clean"]
    if any(not {"pipeline"}.issuperset(item.command.within) or item.command.sometimes for item in used):
        return False
    end = max(item.command.span.end for item in used)
    by_path = any("/" in item.words[0].text for item in used)
    found = {item.command.span: item for item in facts.invocations(run)}
    later = (item for item in script.commands if item.span.start >= end)
    return all(_spares(facts, run, script, item, found.get(item.span)) and not (by_path and item.name == "rm") for item in later)


def _spares(facts: Facts, run: Run, script: Script, command: Command, invocation: Invocation | None) -> bool:
    """Whether a command surely takes no program away."""
    if invocation is not None:
        return invocation.action in ("install", "clean", "refresh", "build")
    known = commands()
    if command.name in known.silent or command.name in ("", "cd"):
        return True
    if command.name == "rm":
        here = not any(item.name in ("cd", "pushd") for item in script.commands)
        home = facts.home(run)
        return all(_is_litter(path, home, here=here) for path, _ in removed_by(facts, run, command))
    return command.name in known.plain | known.accounts and command.name not in TAKING_AWAY


def _is_litter(path: str, home: str | None, *, here: bool) -> bool:
    """Whether no program is called from a path: temporary files, caches, parts of the folder that the RUN stays in (`here`)."""
    parts = path.split("/")
    if ".." in parts or "bin" in parts:
        return False
    if path[0] not in "/~$`":
        return here and parts[0] not in PROGRAMS
    hidden = home is not None and path.startswith(f"{home.rstrip('/')}/.")
    return hidden or any(f"{path}/".startswith(f"{folder}/") for folder in LITTER)
