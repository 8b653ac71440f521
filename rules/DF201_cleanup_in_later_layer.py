"""DF201: files are deleted in a later layer than the one that holds them."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.fixers.cache.cleanup import only_refreshes
from dockerlint.fixers.edits import delete_instruction
from dockerlint.fixers.instructions.bind_mount import mount_in_place
from dockerlint.fixers.merge import between, gather, move_up, trust
from dockerlint.fixers.refusal import Refusal, answered
from dockerlint.lint.analysis.leftovers import caches_of, leaves
from dockerlint.lint.catalogue.tool import invocation, removed_paths
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.shell.script import Command
    from dockerlint.lint.syntax.nodes import Dockerfile
    from dockerlint.lint.syntax.span import Edit


class _Waste(Struct, frozen=True):
    """A command that deletes what an earlier instruction left in its layer."""

    command: Command
    maker: nodes.Instruction
    path: str


@rule(name="cleanup-in-later-layer", severity=Severity.WARNING)
def cleanup_in_later_layer(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """Files are deleted in a later layer than the one that holds them.

    A layer cannot shrink an earlier one. Deleting a file of an earlier layer hides it, but its bytes are still stored, pushed
    and pulled. The RUN that creates the files must delete them.

    ```dockerfile bad
    FROM fedora:40
    RUN dnf install -y httpd
    RUN dnf clean all
    ```

    ```dockerfile fixed
    FROM fedora:40
    RUN dnf install -y httpd && dnf clean all
    ```

    ```dockerfile good
    FROM fedora:40
    RUN dnf install -y httpd && dnf clean all
    ```

    A file that was copied for one step is mounted in that step:

    ```dockerfile bad
    FROM debian:12
    COPY tool.deb /tmp/
    RUN apt-get install -y /tmp/tool.deb
    RUN rm /tmp/tool.deb
    ```

    ```dockerfile fixed
    FROM debian:12
    RUN --mount=type=bind,source=tool.deb,target=/tmp/tool.deb,rw apt-get install -y /tmp/tool.deb
    ```

    **Fix safety:** safe when both steps have the same user, folder, shell and variables, and nothing lies between them;
    otherwise unsafe, for a step between may need the files. RUNs between that work with the files become one RUN with the first;
    that is unsafe, as they run together from then on. A mount is unsafe, too: what the step writes to the file is gone behind it.

    **Source:** the OCI image specification on layers and whiteouts; Docker's guide on best practices.
    """
    for stage in doc.stages:
        if not facts.ships(stage):
            continue
        last = max((index for index, node in enumerate(stage.instructions) if _cleans(facts, node)), default=0)
        makers = _Makers(facts)
        for node in stage.instructions[: last + 1]:
            if isinstance(node, nodes.Run):
                yield from _check(doc, facts, node, makers)
            makers.note(node)


def _cleans(facts: Facts, node: nodes.Instruction) -> bool:
    """Whether an instruction deletes anything."""
    if not isinstance(node, nodes.Run):
        return False
    return any(True for _ in removed_paths(facts.commands(node))) or any(item.action == "clean" for item in facts.invocations(node))


class _Makers:
    """Which instruction was the last to put a path into its layer, of those above the one that is looked at."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.of_path: dict[str, nodes.Instruction] = {}
        self.of_tool: dict[str, tuple[nodes.Run, str]] = {}

    def note(self, node: nodes.Instruction) -> None:
        """Takes an instruction in."""
        if isinstance(node, nodes.Copy) and self.facts.is_bulky(node):
            self.of_path.update(dict.fromkeys(_copied(self.facts, node), node))
        elif isinstance(node, nodes.Run):
            self.of_path.update(dict.fromkeys((*_filled(self.facts, node), *_downloads(self.facts, node)), node))
            self.of_tool.update((tool, (node, path)) for tool, path in _cleanable(self.facts, node))


def _check(doc: Dockerfile, facts: Facts, run: nodes.Run, makers: _Makers) -> Iterator[Finding]:
    wastes = [waste for command in facts.commands(run) if (waste := _waste(facts, run, command, makers))]
    by_maker: dict[int, list[_Waste]] = {}
    for waste in wastes:
        by_maker.setdefault(waste.maker.span.start, []).append(waste)
    for group in by_maker.values():
        maker = group[0].maker
        command = " ".join(doc.source(group[0].command.span).split())
        message = f"`{command}` frees no space: {group[0].path} stays in the layer of `{facts.brief(maker)}` (line {doc.line(maker.span.start)})"
        yield answered(group[0].command.span, message, _fix(facts, run, group))


def _waste(facts: Facts, run: nodes.Run, command: Command, makers: _Makers) -> _Waste | None:
    if command.within:
        return None
    paths = [path for path, _ in removed_paths([command])]
    found = next((item for item in facts.invocations(run) if item.command is command and item.action == "clean"), None)
    if not paths and not found:
        return None
    own = set(_filled(facts, run, left=False))
    for path in paths:
        absolute = facts.path(path, run)
        # a RUN that fills a cache itself cleans up after itself
        maker = makers.of_path.get(absolute.rstrip("/")) if absolute and absolute not in own else None
        if maker is not None and absolute is not None and not facts.mounted(run, absolute):
            return _Waste(command, maker, path)
    left = makers.of_tool.get(found.tool.name) if found else None
    return _Waste(command, *left) if left and left[1] not in own else None


def _copied(facts: Facts, copy: nodes.Copy) -> Iterator[str]:
    """The paths that a COPY may be said to bring: its destination, and its sources' names in it."""
    target = facts.path(copy.destination.text, copy)
    if target is None:
        return
    yield target.rstrip("/")
    names = (posixpath.basename(word.text.rstrip("/")) for word in copy.sources)
    yield from (posixpath.join(target, name) for name in names if name)


def _filled(facts: Facts, run: nodes.Run, *, left: bool = True) -> Iterator[str]:
    """The caches that tools fill in a RUN, and the folders that these lie in; only what is `left` in its layer."""
    for item in facts.invocations(run):
        if item.action not in ("install", "refresh", "upgrade"):
            continue
        for cache in caches_of(facts, run, item.tool):
            fills = cache.role != "index" or item.action == "refresh"
            if not fills or (left and not leaves(facts, run, cache, item.tool)):
                continue
            path = cache.path
            while path.strip("/"):
                yield path
                path = posixpath.dirname(path)


def _cleanable(facts: Facts, run: nodes.Run) -> Iterator[tuple[str, str]]:
    """Tools with a cache that they leave in this RUN and that their own clean command would have emptied."""
    for item in facts.invocations(run):
        if item.action not in ("install", "refresh", "upgrade"):
            continue
        for cache in caches_of(facts, run, item.tool):
            if cache.clean and not cache.clean.startswith("rm ") and leaves(facts, run, cache, item.tool):
                yield item.tool.name, cache.path


def _downloads(facts: Facts, run: nodes.Run) -> set[str]:
    """The files that a RUN fetches and that are still there at its end."""
    removed = {facts.path(path, run) for path, _ in removed_paths(facts.commands(run))}
    targets = (facts.path(item.target, run) for item in facts.downloads(run) if item.target)
    return {path for path in targets if path and path not in removed}


def _fix(facts: Facts, run: nodes.Run, group: list[_Waste]) -> Fix | Refusal:
    """Moves the commands to the RUN that makes the files, together with the RUNs between that work with them."""
    maker = group[0].maker
    if isinstance(maker, nodes.Copy):
        return mount_in_place(facts, maker, run, [waste.command for waste in group])
    if not isinstance(maker, nodes.Run):
        return Refusal("dlint cannot tell which step makes it")
    commands = facts.commands(run)
    upto = commands[: commands.index(group[-1].command) + 1]
    kept = between(facts, maker, run)
    if not all(_cleans_up(command) for command in upto):
        return _gathered(facts, [maker, *kept, run])
    working = [node for node in kept if isinstance(node, nodes.Run) and _works_with(facts, node, maker, group)]
    if working:
        return _gathered(facts, [maker, *kept[: kept.index(working[-1]) + 1]], upto, run)
    if only_refreshes(facts, maker) and _takes_no_more(commands, group):
        edits: tuple[Edit, ...] | None = (delete_instruction(facts.doc, maker), delete_instruction(facts.doc, run))
    else:
        edits = move_up(facts, upto, run, maker)
    if edits is None:
        return Refusal("the two RUNs differ in user, folder or shell, or no command can follow the first: delete the files in the RUN that makes them")
    trusted = trust(facts, run, maker) if not kept else Applicability.UNSAFE
    return Fix("delete the files in the RUN that creates them", edits, trusted)


def _takes_no_more(commands: Sequence[Command], group: list[_Waste]) -> bool:
    """Whether a RUN takes away nothing but what its group of commands is reported for."""
    wasted = {waste.command.span for waste in group}
    return all(command.span in wasted and len([*removed_paths([command])]) == 1 for command in commands)


def _gathered(facts: Facts, steps: list[nodes.Instruction], commands: tuple[Command, ...] = (), run: nodes.Run | None = None) -> Fix | Refusal:
    """One RUN of those from the one that makes the files to the last that works with them, with the first commands of a later one."""
    runs = [node for node in steps if isinstance(node, nodes.Run)]
    edits = gather(facts, runs) if len(runs) == len(steps) else None
    moved = move_up(facts, commands, run, runs[0]) if run is not None else ()
    if edits is None or moved is None:
        return Refusal(f"`{facts.brief(steps[-1])}` works with the files: make, use and delete them in one RUN")
    return Fix("make, use and delete them in one RUN", (*edits, *moved), Applicability.UNSAFE)


def _cleans_up(command: Command) -> bool:
    """Whether a command does nothing but take things away."""
    found = invocation(command)
    return command.name == "rm" or (found is not None and found.action in ("clean", "remove")) or bool([*removed_paths([command])])


def _works_with(facts: Facts, node: nodes.Run, maker: nodes.Run, group: list[_Waste]) -> bool:
    """Whether a RUN names what is deleted, or calls a tool that left it."""
    tools_of = {item.tool.name for item in facts.invocations(maker)}
    if any(item.tool.name in tools_of for item in facts.invocations(node)):
        return True
    text = facts.doc.source(node.span)
    return any(waste.path in text for waste in group)
