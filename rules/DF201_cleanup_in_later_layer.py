"""DF201: files are deleted in a later layer than the one that holds them."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from dockerlint.fixers.merge import between, move_up, trust
from dockerlint.lint import nodes
from dockerlint.lint.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.leftovers import caches_of, leaves
from dockerlint.lint.rule import rule
from dockerlint.lint.tools import removed_paths

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.facts import Facts
    from dockerlint.lint.nodes import Dockerfile
    from dockerlint.lint.shell import Command


class _Waste(NamedTuple):
    """A command that deletes what an earlier instruction left in its layer."""

    command: Command
    maker: nodes.Instruction
    path: str


@rule("DF201", name="cleanup-in-later-layer", severity=Severity.WARNING)
def cleanup_in_later_layer(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """Files are deleted in a later layer than the one that holds them.

    A layer only adds to those below. Deleting a file of an earlier layer hides it, but its bytes are stored, pushed and
    pulled all the same. The RUN that makes the files must delete them.

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

    **Fix safety:** safe when both steps have the same user, folder, shell and variables, and nothing lies between them;
    otherwise unsafe, for a step between may need the files.

    **Source:** the OCI image specification on layers and whiteouts; Docker's guide on best practices.
    """
    for stage in doc.stages:
        if not facts.ships(stage):
            continue
        for index, run in enumerate(stage.instructions):
            if isinstance(run, nodes.Run):
                yield from _check(doc, facts, run, stage.instructions[:index])


def _check(
    doc: Dockerfile, facts: Facts, run: nodes.Run, before: tuple[nodes.Instruction, ...]
) -> Iterator[Finding]:
    wastes = [waste for command in facts.commands(run) if (waste := _waste(facts, run, command, before))]
    by_maker: dict[int, list[_Waste]] = {}
    for waste in wastes:
        by_maker.setdefault(waste.maker.span.start, []).append(waste)
    for group in by_maker.values():
        maker = group[0].maker
        command = " ".join(doc.source(group[0].command.span).split())
        message = f"`{command}` frees nothing: {group[0].path} stays in the layer of line {doc.line(maker.span.start)}"
        yield Finding("DF201", group[0].command.span, message, _fix(facts, run, group))


def _waste(
    facts: Facts, run: nodes.Run, command: Command, before: tuple[nodes.Instruction, ...]
) -> _Waste | None:
    if command.within:
        return None
    for path, _ in removed_paths([command]):
        absolute = facts.path(path, run)
        maker = _maker(facts, absolute.rstrip("/"), before) if absolute and absolute != "/" else None
        if maker is not None and absolute is not None and not facts.mounted(run, absolute):
            return _Waste(command, maker, path)
    for invocation in facts.invocations(run):
        if invocation.command is not command or invocation.action != "clean":
            continue
        for node in reversed(before):
            if isinstance(node, nodes.Run) and (cache := _cleanable(facts, node, invocation.tool.name)):
                return _Waste(command, node, cache)
    return None


def _maker(facts: Facts, path: str, before: tuple[nodes.Instruction, ...]) -> nodes.Instruction | None:
    """The last instruction that puts the path itself, or a tool's cache at or below it, into its layer."""
    for node in reversed(before):
        if isinstance(node, nodes.Copy) and facts.is_bulky(node) and _copies(facts, node, path):
            return node
        if isinstance(node, nodes.Run) and (_fills(facts, node, path) or path in _downloads(facts, node)):
            return node
    return None


def _copies(facts: Facts, copy: nodes.Copy, path: str) -> bool:
    target = facts.path(copy.destination.text, copy)
    if target is None:
        return False
    if target.rstrip("/") == path:
        return True
    names = (posixpath.basename(word.text.rstrip("/")) for word in copy.sources)
    return any(name and posixpath.join(target, name) == path for name in names)


def _fills(facts: Facts, run: nodes.Run, path: str) -> bool:
    for invocation in facts.invocations(run):
        if invocation.action not in ("install", "refresh", "upgrade"):
            continue
        for cache in caches_of(facts, run, invocation.tool):
            below = cache.path == path or cache.path.startswith(path + "/")
            fills = cache.role != "index" or invocation.action == "refresh"
            if below and fills and leaves(facts, run, cache, invocation.tool):
                return True
    return False


def _cleanable(facts: Facts, run: nodes.Run, tool: str) -> str | None:
    """A cache that the tool leaves in this RUN and that its own clean command would have emptied."""
    for invocation in facts.invocations(run):
        if invocation.tool.name != tool or invocation.action not in ("install", "refresh", "upgrade"):
            continue
        for cache in caches_of(facts, run, invocation.tool):
            if cache.clean and not cache.clean.startswith("rm ") and leaves(facts, run, cache, invocation.tool):
                return cache.path
    return None


def _downloads(facts: Facts, run: nodes.Run) -> set[str]:
    """The files that curl and wget write in a RUN and that are still there at its end."""
    removed = {facts.path(path, run) for path, _ in removed_paths(facts.commands(run))}
    found = set()
    for command in facts.commands(run):
        if command.name not in ("curl", "wget"):
            continue
        words = [word.text for word in command.words]
        for flag, value in zip(words, words[1:], strict=False):
            if flag in ("-o", "--output", "-O", "--output-document") and not value.startswith(("-", "http")):
                path = facts.path(value, run)
                if path and path not in removed:
                    found.add(path)
    return found


def _fix(facts: Facts, run: nodes.Run, group: list[_Waste]) -> Fix | None:
    maker = group[0].maker
    if not isinstance(maker, nodes.Run):
        return None
    edits = move_up(facts, [waste.command for waste in group], run, maker)
    if edits is None:
        return None
    empty = not between(facts, maker, run)
    return Fix(
        "delete them in the RUN that makes them", edits, trust(facts, run, maker) if empty else Applicability.UNSAFE
    )
