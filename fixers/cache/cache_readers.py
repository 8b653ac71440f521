"""Who reads what a tool leaves in a RUN, once that RUN is over: later steps, stages that copy from it, the container."""

from __future__ import annotations

import re
from bisect import bisect_right
from enum import IntEnum
from itertools import islice
from typing import TYPE_CHECKING

from dockerlint.fixers.effects.footprint import commands
from dockerlint.lint.analysis.facts import once
from dockerlint.lint.analysis.leftovers import caches_of, removed_by
from dockerlint.lint.catalogue.tool import strip_glob, unwrapped
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.tool import Invocation, Tool
    from dockerlint.lint.shell.script import Command
    from dockerlint.lint.syntax.nodes import Instruction, Run, Stage, Word

INTERPRETERS = frozenset(
    {
        "sh", "bash", "ash", "dash", "zsh", "ksh", "fish", ".", "source", "make", "eval", "ansible", "ansible-playbook",
        "ansible-pull", "puppet", "chef-client", "chef-solo", "salt-call",
    }
)  # fmt: skip
# Commands that name a folder without looking at what lies in it.
BLIND = frozenset({"rm", "rmdir", "mkdir", "chmod", "chown", "chgrp", "touch", "echo", "printf", "test", "[", "export", "set"})
# Commands that look into all that lies below a folder.
RECURSIVE = frozenset({"find", "tar", "rsync", "cp", "grep", "du", "zip", "mv"})
# Actions of a tool that take packages from its cache.
TAKING = ("install", "upgrade", "refresh")
# A path within a word, from a slash, a tilde or $HOME on.
PATH = regex(r"(?<![\w.~*?\]/+@%$}-])(?:/|~(?=/|\Z)|\$HOME\b|\$\{HOME\})[^\s'\",;:=|<>()$`]*")
# So many later instructions are looked at: far more than there are in any file that is written by hand.
FARTHEST = 1000
# A RUN that is cut off from the network.
CUT_OFF = "--network=none"


class Need(IntEnum):
    """Whether something needs what a RUN leaves."""

    NONE = 0
    PERHAPS = 1
    CERTAIN = 2


def needed_later(facts: Facts, run: Run, tool: Tool) -> Need:
    """Whether anything works with the package lists that a RUN leaves: a later step of the stage or of those built on it, a
    stage that copies them, the container when it starts.
    """
    stage = facts.find_stage(run)
    if stage is None:
        return Need.PERHAPS
    # apk and its like keep their index among the packages
    paths = [item.path for item in tool.caches if item.role == "index"] or [item.path for item in tool.caches]
    return max(_needed(facts, stage, following(stage, run), tool), _read_by_name(facts, stage, run, paths), _at_start(facts, stage, tool))


def cache_needed(facts: Facts, run: Run, tool: Tool) -> Need:
    """Whether anything but the tool's own next download looks into the caches that a RUN fills."""
    stage = facts.find_stage(run)
    if stage is None:
        return Need.PERHAPS
    paths = [item.path for item in caches_of(facts, run, tool) if item.role != "index"]
    later = max((_reuses(facts, node, tool) for node in islice(_later(facts, stage, run), FARTHEST)), default=Need.NONE)
    return max(later, _read_by_name(facts, stage, run, paths), _installed_at_start(facts, stage, tool))


def read_later(facts: Facts, run: Run, tool: Tool) -> Need:
    """Whether anything names the folders of a tool's caches to read what a RUN leaves in them, or to remove it for certain."""
    stage = facts.find_stage(run)
    if stage is None:
        return Need.PERHAPS
    return _read_by_name(facts, stage, run, [item.path for item in caches_of(facts, run, tool)])


def following(stage: Stage, run: Run) -> tuple[Instruction, ...]:
    """The instructions of a stage behind a RUN."""
    index = bisect_right(stage.instructions, run.span.start, key=lambda node: node.span.start)
    return stage.instructions[index:]


def _later(facts: Facts, stage: Stage, run: Run) -> Iterator[Instruction]:
    """What is carried out on top of a RUN: the rest of its stage, and the stages built on it."""
    yield from following(stage, run)
    yield from (node for child in facts.graph.descendants(stage) for node in child.instructions)


def _needed(facts: Facts, stage: Stage, instructions: Iterable[Instruction], tool: Tool) -> Need:
    need = Need.NONE
    for node in instructions:
        if isinstance(node, nodes.Onbuild):
            need = max(need, Need.PERHAPS)
        if not isinstance(node, nodes.Run):
            continue
        uses = next(_uses(facts, node, tool), None)
        if uses is not None:
            return Need.CERTAIN if uses else need
        if _is_opaque(facts, node, tool):
            need = max(need, Need.PERHAPS)
    children = (_needed(facts, child, child.instructions, tool) for child in facts.graph.children(stage))
    return max(need, *children, Need.NONE)


def _uses(facts: Facts, run: Run, tool: Tool) -> Iterator[bool]:
    """For each command of a RUN that has to do with a tool's package lists, whether it reads those of earlier layers."""
    if any(facts.mounted(run, item.path) for item in tool.caches if item.role == "index"):
        return
    found = {item.command.span: item for item in facts.invocations(run)}
    for command in facts.commands(run):
        invocation = found.get(command.span)
        if invocation is not None and invocation.tool is tool and invocation.action != "clean":
            if invocation.action != "remove":
                yield invocation.action != "refresh"
            elif not _are_installed(facts, run, invocation):
                yield True
        elif command.name in tool.index_readers:
            yield True


def _are_installed(facts: Facts, run: Run, removal: Invocation) -> bool:
    """Whether the packages that a command removes were installed by this name: the tool looks for others in its lists, and fails
    where there are none.
    """
    before = [run, *facts.before(run)]
    known = {
        word.text.partition("=")[0]
        for node in before
        if isinstance(node, nodes.Run)
        for item in facts.invocations(node)
        if item.tool is removal.tool and item.action == "install"
        for word in item.operands
    }
    return all(word.text in known for word in removal.operands)


def _is_opaque(facts: Facts, run: Run, tool: Tool) -> bool:
    """Whether a RUN does things that the file does not show: it calls scripts, or another program that may call the tool,
    or cannot be read.
    """
    script = facts.script(run)
    if script is None or not script.sound:
        return True
    if any("/" in item.name or "$" in item.name or item.name in INTERPRETERS for item in script.commands):
        return True
    called = {item.command.span for item in facts.invocations(run)}
    names = re.compile(rf"(?<![\w./-])(?:{'|'.join(tool.commands)})(?![\w./-])")
    others = (item for item in script.commands if item.span not in called and item.name not in commands().silent)
    return any(names.search(word.text) for item in others for word in item.words)


def _reuses(facts: Facts, node: Instruction, tool: Tool) -> Need:
    """Whether a step may do without a network with what is in the tool's cache: it is cut off, is told to, or asks only for
    packages that are there, which dnf and its like find out from their cached index.
    """
    if not isinstance(node, nodes.Run):
        return Need.NONE
    used = [item for item in facts.invocations(node) if item.tool is tool]
    indexed = tool.kind == "system" and not any(item.role == "index" for item in tool.caches)
    if indexed and any(item.action in TAKING for item in used):
        return Need.PERHAPS
    cut_off = any(facts.doc.source(flag.span) == CUT_OFF for flag in node.flags)
    words = [word.text for item in used for word in item.words]
    return Need.PERHAPS if (used and cut_off) or any(commands().offline.match(text) for text in words) else Need.NONE


def _read_by_name(facts: Facts, stage: Stage, run: Run, paths: list[str]) -> Need:
    """Whether a later command, another stage or the container names one of the paths, or a folder above them, to read it."""
    if not paths:
        return Need.NONE
    read = [path for at, path in _read(facts, run) if _is_last(facts, run, at)]
    later = list(islice(_later(facts, stage, run), FARTHEST))
    steps = [node for node in later if isinstance(node, nodes.Run)]
    read += [path for node in steps for _, path in _read(facts, node)]
    # a removal that fails where nothing is there
    read += [path for node in steps for item in facts.commands(node) if _insists(item) for path, _ in removed_by(facts, node, item)]
    family = {stage.index, *(item.index for item in facts.graph.descendants(stage))}
    taken = [path for node, reference, source in _taken(facts) if source.index in family for path in _takes(facts, node, reference)]
    # a folder in the home that may be there for the cache alone: without it there is nothing to copy
    home = f"{(facts.home(run) or '~').rstrip('/')}/"
    if any(_lies(path, found) and found.startswith(home) for found in taken for path in paths):
        return Need.CERTAIN
    read += taken
    read += [path for text in _started_texts(facts, stage) for path in _paths(text, facts.home(run)) if path != "/"]
    if any(_lies(found, path) for found in read for path in paths):
        return Need.CERTAIN
    above = any(_lies(path, found) for found in read for path in paths)
    return Need.PERHAPS if above or len(later) == FARTHEST else Need.NONE


def _started_texts(facts: Facts, stage: Stage) -> Iterator[str]:
    """What the containers of a stage, and of those built on it, run."""
    # most files are clean, and say nothing of the container
    from dockerlint.fixers.inputs.runtime_command import started

    for item in (stage, *facts.graph.descendants(stage)):
        yield started(facts, item).text


def _taken(facts: Facts) -> Iterator[tuple[Instruction, str, Stage]]:
    for stage in facts.doc.stages:
        for node, reference, source in facts.graph.sources(stage):
            if source is not None:
                yield node, reference, source


def _is_last(facts: Facts, run: Run, at: int) -> bool:
    """Whether no tool of the catalogue follows a place of a RUN: a command there sees what the RUN leaves."""
    return all(item.command.span.start <= at for item in facts.invocations(run))


@once
def _read(facts: Facts, run: Run) -> tuple[tuple[int, str], ...]:
    """The paths that the commands of a RUN name otherwise than to empty or to make them, with the commands' places."""
    found = []
    for command in facts.commands(run):
        name = command.name.rsplit("/", 1)[-1]
        if name in BLIND or next(removed_by(facts, run, command), None) is not None:
            continue
        paths = (path for word in command.arguments for path in _paths(word.text, facts.home(run)))
        seen = (path for path in paths if (path != "/" or name in RECURSIVE) and not facts.mounted(run, path))
        found += [(command.span.start, path) for path in seen]
    return tuple(found)


def _insists(command: Command) -> bool:
    """Whether it is an `rm` without `-f`."""
    words = [word.text for word in unwrapped(command.words)]
    if not words or words[0].rsplit("/", 1)[-1] not in ("rm", "rmdir") or command.sometimes:
        return False
    return not any(text == "--force" or (text.startswith("-") and not text.startswith("--") and "f" in text) for text in words[1:])


def _takes(facts: Facts, node: Instruction, reference: str) -> Iterator[str]:
    """The paths that an instruction takes from another stage; a whole file system is taken whatever lies in it."""
    if isinstance(node, nodes.Copy):
        names = [word.text for word in node.paths]
    elif isinstance(node, nodes.Run):
        mounts = [mount for mount in facts.mounts(node) if mount.from_ == reference]
        names = [mount.source or "/" for mount in mounts]
        if "/" in names:
            names += [found for item in facts.commands(node) for word in item.words for found in _below_mounts(facts, node, word)]
    else:
        return
    for name in names:
        path = strip_glob(name if name.startswith("/") else f"/{name}")
        if path != "/":
            # a folder with a variable in it may be any folder below
            yield (path.partition("$")[0].rpartition("/")[0] or "/") if "$" in path else path


def _below_mounts(facts: Facts, run: Run, word: Word) -> Iterator[str]:
    """The paths of another stage that a word names by where the stage is mounted."""
    for mount in facts.mounts(run):
        if mount.from_ and mount.target and mount.target != "/":
            for found in _paths(word.text, facts.home(run)):
                if _lies(found, mount.target):
                    yield found[len(mount.target) :] or "/"


def _at_start(facts: Facts, stage: Stage, tool: Tool) -> Need:
    """Whether a container of this stage, or of one built on it, calls the tool or what reads its lists."""
    # most files are clean, and say nothing of the container
    from dockerlint.fixers.inputs.runtime_command import started

    need = Need.NONE
    refreshing = {name.split(" ")[-1] for name in tool.action("refresh").subcommands}
    for item in (stage, *facts.graph.descendants(stage)):
        found = started(facts, item)
        if not found.words.isdisjoint((*tool.commands, *tool.index_readers)):
            # what refreshes the lists first does not need these
            return Need.CERTAIN if found.words.isdisjoint(refreshing) else Need.PERHAPS
        if found.unread:
            need = Need.PERHAPS
    return need


def _installed_at_start(facts: Facts, stage: Stage, tool: Tool) -> Need:
    """Whether a container of this stage, or of one built on it, installs packages with the tool."""
    from dockerlint.fixers.inputs.runtime_command import started

    verbs = {name.split(" ")[-1] for action in TAKING for name in tool.action(action).subcommands if name}
    for item in (stage, *facts.graph.descendants(stage)):
        words = started(facts, item).words
        if not words.isdisjoint(tool.commands) and not words.isdisjoint(verbs):
            return Need.PERHAPS
    return Need.NONE


def _paths(text: str, home: str | None) -> list[str]:
    """The absolute paths in a text, up to their first wildcard, `~` and `$HOME` put in."""
    found = []
    for path in PATH.findall(text):
        match = re.match(r"~|\$HOME|\$\{HOME\}", path)
        if match:
            if home is None:
                continue
            path = home + path[match.end() :]
        head = re.split(r"[*?\[{]", path, maxsplit=1)[0]
        found.append((head if head == path else head.rpartition("/")[0]).rstrip("/") or "/")
    return found


def _lies(path: str, folder: str) -> bool:
    return (path.rstrip("/") + "/").startswith(folder.rstrip("/") + "/")
