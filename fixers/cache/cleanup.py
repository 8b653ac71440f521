"""Removes what package managers leave behind in the RUN that makes it, and knows who still needs it."""

from __future__ import annotations

import re
from bisect import bisect_right
from enum import IntEnum
from typing import TYPE_CHECKING

from dockerlint.fixers.edits import append_command, can_append, hides_failures, insert
from dockerlint.fixers.effects.footprint import commands
from dockerlint.lint.analysis.leftovers import caches_of
from dockerlint.lint.catalogue.tool import removed_paths, unwrapped
from dockerlint.lint.engine.findings import Applicability, Fix
from dockerlint.lint.syntax import json_strings, nodes
from dockerlint.lint.syntax.span import Edit, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.tool import Cache, Invocation, Tool
    from dockerlint.lint.shell.script import Command, Script
    from dockerlint.lint.syntax.nodes import Dockerfile, Run, Stage, Word

# Actions that fill a cache with packages.
FILLING = frozenset({"install", "upgrade"})
# How many steps on a clean-up may stand: far more than there are in any file that is written by hand.
FARTHEST = 100
HOMES = ("~", "$HOME", "${HOME}")
INTERPRETERS = frozenset(
    {
        "sh", "bash", "ash", "dash", "zsh", "ksh", "fish", ".", "source", "make", "eval", "ansible", "ansible-playbook",
        "ansible-pull", "puppet", "chef-client", "chef-solo", "salt-call",
    }
)  # fmt: skip


class Need(IntEnum):
    """Whether later steps need what a RUN leaves."""

    NONE = 0
    PERHAPS = 1
    CERTAIN = 2


def cleaned(facts: Facts, run: Run, cache: Cache, invocation: Invocation, after: int) -> bool:
    """Whether a RUN empties a tool's cache behind a place: by `rm`, or by the same tool's clean command."""
    places = (cache.path, *invocation.tool.cache_aliases)
    for path, command in removed_paths(facts.commands(run)):
        if command.span.start >= after and any(_lies_in(place, _at_home(facts, run, path)) for place in places):
            return True
    if any(item.command.span.start >= after and _cleans(item, cache, invocation) for item in facts.invocations(run)):
        return True
    # `bash -c "... rm -rf ..."` is not read further
    inner = (unwrapped(item.words) for item in facts.commands(run) if item.span.start >= after)
    return any(_is_inner_clean(words, places) for words in inner)


def clean_up(facts: Facts, run: Run, invocation: Invocation, cache: Cache) -> Fix | None:
    """The fix that empties a tool's cache at the end of a RUN; None where a command cannot simply be added.

    It is unsafe where later steps perhaps need what lies there, and there is none where they certainly do, nor where a
    later step is there to clean it: bringing that one here is another rule's fix.
    """
    script = facts.script(run)
    if (
        cache.clean is None
        or script is None
        or not can_follow(script)
        or hides_failures(script, facts.state(run).shell)
        or _cleaned_later(facts, run, cache, invocation)
    ):
        return None
    need = needed_later(facts, run, invocation.tool) if cache.role == "index" else Need.NONE
    if need is Need.CERTAIN:
        return None
    command = clean_command(invocation, cache.clean)
    applicability = Applicability.SAFE if need is Need.NONE else Applicability.UNSAFE
    return Fix(f"add `{command}`", (follow(facts.doc, run, script, command),), applicability)


def _cleaned_later(facts: Facts, run: Run, cache: Cache, invocation: Invocation) -> bool:
    stage = _stage(facts, run)
    if stage is None or facts.as_hadolint:
        return False
    for node in _after(stage, run)[:FARTHEST]:
        if not isinstance(node, nodes.Run):
            continue
        fills = any(item.tool is invocation.tool and item.action in FILLING for item in facts.invocations(node))
        if not fills and cleaned(facts, node, cache, invocation, 0):
            return True
    return False


def _stage(facts: Facts, run: Run) -> Stage | None:
    try:
        return facts.stage_of(run)
    except KeyError:
        return None


def _after(stage: Stage, run: Run) -> tuple[nodes.Instruction, ...]:
    index = bisect_right(stage.instructions, run.span.start, key=lambda node: node.span.start)
    return stage.instructions[index:]


def clean_command(invocation: Invocation, clean: str) -> str:
    """A clean command as the file would write it: by the tool's own name, and by sudo if that is how it was called."""
    name, _, rest = clean.partition(" ")
    if name in invocation.tool.commands:
        clean = f"{invocation.words[0].text} {rest}"
    return f"sudo {clean}" if invocation.command.name == "sudo" else clean


def without_cache(item: Invocation) -> bool:
    """Whether a command is told to keep no cache."""
    return item.has(item.tool.action(item.action).no_cache)


def mounted(facts: Facts, run: Run, item: Invocation) -> bool:
    """Whether one of a tool's caches is mounted, wherever the home is that it lies in."""
    targets = lasting_mounts(facts, run)
    tails = tuple(cache.path[1:] for cache in item.tool.caches if cache.path.startswith("~"))
    if tails and any(target.endswith(tails) for target in targets):
        return True
    if facts.as_hadolint:
        # hadolint 2.15.1 wants the newest of the places, and nothing above it (measured)
        return item.tool.caches[-1].path in targets
    return any(facts.mounted(run, cache.path) for cache in caches_of(facts, run, item.tool))


def lasting_mounts(facts: Facts, run: Run) -> frozenset[str]:
    """The folders of a RUN that do not get into its layer: what cache and tmpfs mounts lie on."""
    kinds = ("cache", "tmpfs")
    return frozenset(mount.target for mount in facts.mounts(run) if mount.kind in kinds and mount.target is not None)


def tidy(facts: Facts, run: Run, used: list[Invocation]) -> bool:
    """Whether the same RUN deletes a tool's cache after its last use."""
    if facts.as_hadolint:
        return False
    last = max(item.command.span.end for item in used if item.action != "clean")
    return any(cleaned(facts, run, cache, used[0], last) for cache in caches_of(facts, run, used[0].tool))


def needed_later(facts: Facts, run: Run, tool: Tool) -> Need:
    """Whether a later step, of the stage or of those built on it, works with the package lists that a RUN leaves."""
    stage = _stage(facts, run)
    if stage is None:
        return Need.PERHAPS
    return _needed(facts, stage, _after(stage, run), tool)


def add_option(run: Run, word: Word, option: str) -> Edit:
    """An option behind a word of a RUN's script or JSON list."""
    if isinstance(run.form, nodes.Exec):
        return insert(word.span.end, f", {json_strings.written(option)}")
    return insert(word.span.end, f" {option}")


def drop_command(doc: Dockerfile, script: Script, command: Command) -> Edit | None:
    """Takes a command away that another one follows; None when that would change what the others do."""
    index = script.commands.index(command)
    following = script.commands[index + 1] if index + 1 < len(script.commands) else None
    if following is None or command.within or following.within or not script.sound:
        return None
    gone = Span(command.span.start, following.span.start)
    if command.before == "&&":
        joined = following.before == "&&"
    else:
        joined = command.before in ("", ";", "\n") and following.before in ("&&", ";", "\n")
    if not joined or any(gone.contains(comment.span) for comment in doc.comments) or "#" in doc.source(gone):
        return None
    return Edit(gone, "")


def can_follow(script: Script) -> bool:
    """Whether ` && command` behind a script leaves its exit status as it is, and runs when the script went well.

    The folder and the variables that it finds need not be those of the script's start.
    """
    last = script.text.rstrip()
    if not script.sound or not script.commands or last.endswith(("&", ";", "|", "\\")) or "<<" in script.text:
        return False
    leaves = (item for item in script.commands if item.name in ("exit", "exec", "return") and not item.within)
    return "#" not in last.rpartition("\n")[2] and all(item.before == "||" for item in leaves)


def follow(doc: Dockerfile, run: Run, script: Script, command: str) -> Edit:
    """Puts a clean-up behind a script that it `can_follow`."""
    if not script.heredoc or can_append(script):
        return append_command(doc, run, script, command)
    # a line of its own would hide the failure of the one before
    blank = len(script.text) - len(script.text.rstrip())
    return insert(script.span.end - blank, f" && {command}")


def _needed(facts: Facts, stage: Stage, following: Iterable[nodes.Instruction], tool: Tool) -> Need:
    need = Need.NONE
    for node in following:
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
            yield invocation.action not in ("refresh", "remove")
        elif command.name in tool.index_readers:
            yield True


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


def _is_inner_clean(words: tuple[Word, ...], places: tuple[str, ...]) -> bool:
    if not words or words[0].text.rsplit("/", 1)[-1] not in INTERPRETERS:
        return False
    return any("rm " in word.text and place in word.text for word in words for place in places)


def _cleans(item: Invocation, cache: Cache, invocation: Invocation) -> bool:
    if item.tool is not invocation.tool:
        shared = {cache.path, *invocation.tool.cache_aliases} & {other.path for other in item.tool.caches}
        return item.action == "clean" and bool(shared)
    if cache.cleaned_by:
        return item.subcommand in cache.cleaned_by
    return item.action == "clean" and item.words[0].text == invocation.words[0].text


def _at_home(facts: Facts, run: Run, path: str) -> str:
    for name in HOMES:
        if path == name or path.startswith(name + "/"):
            return (facts.home(run) or name) + path[len(name) :]
    return path


def _lies_in(path: str, folder: str) -> bool:
    folder = folder.rstrip("/")
    return path == folder or path.startswith(folder + "/")
