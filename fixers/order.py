"""Reorders steps: what a RUN may touch, whether a COPY may go below it, and the edits that move instructions."""

from __future__ import annotations

import posixpath
import tomllib
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from dockerlint.lint import nodes, tools
from dockerlint.lint.expansion import ExpansionError, variables
from dockerlint.lint.findings import Edit, Span

from .edits import delete_lines, insert, with_comments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.facts import Facts
    from dockerlint.lint.nodes import Dockerfile, Instruction
    from dockerlint.lint.shell import Command


class Clash(IntEnum):
    """Whether two instructions may change places: surely, probably, not."""

    NONE = 0
    POSSIBLE = 1
    CERTAIN = 2


@dataclass(frozen=True, slots=True)
class Commands:
    """What commands outside the catalogue of tools touch; the fields are those of `commands.toml`."""

    plain: frozenset[str]
    silent: frozenset[str]
    accounts: frozenset[str]
    downloads: frozenset[str]
    compilers: frozenset[str]
    system: tuple[str, ...]
    sometimes_system: tuple[str, ...]
    artefacts: dict[str, list[str]]


@cache
def commands() -> Commands:
    """The data of `lint/data/commands.toml`."""
    text = resources.files("dockerlint.lint").joinpath("data", "commands.toml").read_text(encoding="utf8")
    data = tomllib.loads(text)
    sets = {name: frozenset(data[name]) for name in ("plain", "silent", "accounts", "downloads", "compilers")}
    return Commands(
        **sets,
        system=tuple(data["system"]),
        sometimes_system=tuple(data["sometimes-system"]),
        artefacts=data["artefacts"],
    )


def is_costly(facts: Facts, run: nodes.Run) -> bool:
    """Whether a RUN installs, downloads or compiles: what one does not want to wait for after an edit."""
    known = commands()
    if any(item.action in ("install", "refresh", "upgrade", "build") for item in facts.invocations(run)):
        return True
    return any(command.name in known.downloads or command.name in known.compilers for command in facts.commands(run))


def destination(facts: Facts, copy: nodes.Copy) -> str | None:
    """Where a COPY or ADD writes: the file, or the folder that all it brings lies below; None when unknown."""
    path = facts.path(copy.destination.text, copy)
    if path is None:
        return None
    sources = copy.sources
    if path.endswith("/") and len(sources) == 1 and not copy.heredocs:
        name = posixpath.basename(sources[0].text.rstrip("/"))
        is_file = facts.context is not None and sources[0].text.lstrip("./") in facts.context.files
        if is_file and name:
            return posixpath.join(path, name)
    return path.rstrip("/") or "/"


def clash(facts: Facts, copy: nodes.Copy, node: Instruction) -> Clash:
    """Whether a COPY or ADD may go below an instruction that now follows it in its stage."""
    target = destination(facts, copy)
    if target is None:
        return Clash.CERTAIN
    match node:
        case nodes.Run():
            return _clash_with_run(facts, target, node)
        case nodes.Copy():
            other = destination(facts, node)
            return Clash.CERTAIN if other is None or _overlap(target, other) else Clash.NONE
        case nodes.Env() | nodes.Arg():
            names = {pair.key.text for pair in node.pairs}
            return Clash.CERTAIN if names & _names(copy, facts.doc.escape) else Clash.NONE
        case nodes.Workdir():
            relative = not (facts.expand(copy.destination.text, copy) or "").startswith("/")
            return Clash.CERTAIN if relative else Clash.NONE
        case nodes.Volume():
            paths = [facts.path(word.text, node) for word in node.words]
            return Clash.CERTAIN if any(path is None or _overlap(path, target) for path in paths) else Clash.NONE
        case nodes.From() | nodes.Bad():
            return Clash.CERTAIN
        case _:
            return Clash.NONE


def move_below(doc: Dockerfile, node: Instruction, after: Instruction) -> tuple[Edit, Edit]:
    """Moves an instruction, with the comments directly above it, to the line after another."""
    start, end = with_comments(doc, node)
    text = doc.source(Span(start, end))
    line_end = doc.text.find("\n", after.span.end)
    gone = delete_lines(doc, Span(start, end))
    if line_end >= 0:
        return gone, insert(line_end + 1, text if text.endswith("\n") else text + doc.newline)
    return gone, insert(len(doc.text), doc.newline + text.removesuffix("\n").removesuffix("\r"))


def _names(copy: nodes.Copy, escape: str) -> set[str]:
    """The variables that a COPY's words and flags use."""
    words = [*(word.text for word in (*copy.sources, copy.destination)), *(flag.value or "" for flag in copy.flags)]
    try:
        return {reference.name for word in words if "$" in word for reference in variables(word, escape)}
    except ExpansionError:
        return set()


def _overlap(one: str, other: str) -> bool:
    """Whether two paths are the same or one lies below the other."""
    one, other = one.rstrip("/") + "/", other.rstrip("/") + "/"
    return one.startswith(other) or other.startswith(one)


def _clash_with_run(facts: Facts, target: str, run: nodes.Run) -> Clash:
    script = facts.script(run)
    if (script is None and not isinstance(run.form, nodes.Exec)) or (script and not script.sound):
        return Clash.CERTAIN
    if any(mount.kind == "bind" and mount.from_ is None for mount in facts.mounts(run)):
        return Clash.CERTAIN
    workdir = facts.state(run).workdir
    worst = Clash.NONE
    for command in facts.commands(run):
        for path, level in _touches(facts, run, command, workdir):
            if path is None or _overlap(path, target):
                worst = max(worst, level)
        if command.name == "cd":
            workdir = None
        if worst is Clash.CERTAIN:
            break
    return worst


def _touches(
    facts: Facts, run: nodes.Run, command: Command, workdir: str | None
) -> Iterator[tuple[str | None, Clash]]:
    """The paths that a command may read or write, and how likely; None stands for any path."""
    known = commands()
    for redirect in command.redirects:
        if redirect.target is not None:
            yield _absolute(redirect.target.text, workdir), Clash.CERTAIN
    if command.name in known.silent or not command.name or command.name == "cd":
        return
    found = tools.invocation(command)
    if found is not None:
        yield from _touched_by_tool(facts, run, found, workdir)
    elif command.name in known.accounts:
        yield from ((path, Clash.CERTAIN) for path in (*known.system, "/home", "/root"))
    elif command.name in known.plain:
        for word in command.arguments:
            if not word.text.startswith("-"):
                yield _absolute(word.text, workdir), Clash.CERTAIN
    else:
        yield None, Clash.CERTAIN


def _touched_by_tool(
    facts: Facts, run: nodes.Run, found: tools.Invocation, workdir: str | None
) -> Iterator[tuple[str | None, Clash]]:
    known = commands()
    yield from ((path, Clash.CERTAIN) for path in known.system)
    yield from ((path, Clash.CERTAIN) for cache in found.tool.cache_homes(facts.home(run) or "/") for path in (cache.path,))
    if found.tool.kind == "system" and found.action:
        yield from ((path, Clash.POSSIBLE) for path in known.sometimes_system)
        return
    yield facts.home(run), Clash.CERTAIN
    if workdir is None or not found.action or found.tool.kind == "build":
        yield workdir, Clash.CERTAIN
        return
    if found.tool.project and not found.is_global:
        yield workdir, Clash.CERTAIN
    for word in (*found.operands, *found.options(*found.tool.manifest_flags), *found.options("-e", "--editable")):
        if "/" in word.text or word.text.startswith(".") or facts.context is None or "." in word.text:
            yield _absolute(word.text, workdir), Clash.CERTAIN
    yield from ((path, Clash.POSSIBLE) for path in ("/opt", "/root", "/home", "/tmp"))


def _absolute(text: str, workdir: str | None) -> str | None:
    """A path of a command, up to its first wildcard; None when a variable or an unknown folder decides it."""
    for at, char in enumerate(text):
        if char in "$`":
            return None
        if char in "*?[":
            text = text[:at].rpartition("/")[0] + "/"
            break
    if text.startswith("~"):
        return None
    if text.startswith("/"):
        return posixpath.normpath(text)
    return posixpath.normpath(posixpath.join(workdir, text)) if workdir else None
