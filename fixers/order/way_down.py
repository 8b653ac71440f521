"""What stands between a copy of the source and an install below it: what goes down with the copy, and what is in its way."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.fixers.effects.footprint import Clash, command_footprint, commands, overlap
from dockerlint.fixers.effects.precedence import PROGRAMS, Access, Kind, Precedence, destination
from dockerlint.fixers.inputs.image_paths import absolute
from dockerlint.fixers.inputs.install_inputs import brought, trusted
from dockerlint.fixers.inputs.project_install import image_paths_of
from dockerlint.fixers.refusal import Refusal
from dockerlint.lint.catalogue.tool import catalogue
from dockerlint.lint.catalogue.tool import invocation as invocation_of
from dockerlint.lint.engine.findings import Applicability
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dockerlint.fixers.effects.precedence import Conflict
    from dockerlint.fixers.inputs.project_install import ProjectInstall
    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.shell.script import Command
    from dockerlint.lint.syntax.nodes import Copy, Instruction, Run

WORD = regex(r"[A-Za-z0-9_][\w.+-]*")
# What these do to a folder leaves the text of the manifests in it as it is.
HARMLESS = frozenset({"chmod", "chown", "chgrp", "mkdir", "ls", "du", "stat", "test", "[", "touch"})
# What these do to a folder may put other files in a manifest's place, or take it away.
SWEEPING = frozenset({"rm", "mv", "tar", "unzip", "rsync", "git", "find", "dd"})


class WayDown(Struct, frozen=True):
    """How copies get below an install: what goes along, and how sure it is that the rest may stay above."""

    # what goes below the install, in file order
    moved: tuple[Instruction, ...]
    # other installs that stay above: their manifests are copied for them too
    installs: tuple[ProjectInstall, ...]
    # how likely it is that something which stays above depends on what goes below
    level: Clash
    # where the copies start whose destination depends on a WORKDIR that they go past
    absolute: frozenset[int]
    # the paths that hold all that the copies write
    spots: tuple[str, ...]


def way_down(facts: Facts, copies: Sequence[Copy], install: ProjectInstall, others: Sequence[ProjectInstall]) -> WayDown | Refusal:
    """How copies of a stage, given in file order, get below an install; `others` are further installs of the stage."""
    search = _Descent(facts, copies, install, others)
    stage = facts.stage_of(copies[0])
    for node in stage.instructions:
        if copies[0].span.end <= node.span.start < install.run.span.start:
            refusal = search.look_at(node)
            if refusal is not None:
                return refusal
    return WayDown(tuple(search.moved), tuple(search.installs), search.level, frozenset(search.absolute), tuple(search.spots()))


class _Descent:
    """The steps that have been looked at so far."""

    def __init__(self, facts: Facts, copies: Sequence[Copy], install: ProjectInstall, others: Sequence[ProjectInstall]) -> None:
        self._facts = facts
        self._relation = Precedence(facts)
        self._copies = copies
        self._install = install
        self._others = others
        self.moved: list[Instruction] = [copies[0]]
        self.installs: list[ProjectInstall] = []
        self.level = Clash.NONE
        self.absolute: set[int] = set()

    def look_at(self, node: Instruction) -> Refusal | None:
        """Takes in the next instruction; why it is in the way, or None."""
        if node in self._copies:
            self.moved.append(node)
            return None
        found = [(moved, item) for moved in self.moved for item in self._relation.conflicts(moved, node)]
        certain = [pair for pair in found if pair[1].level is Clash.CERTAIN]
        self.level = max([self.level, *(item.level for _, item in found if item.level is not Clash.CERTAIN)])
        if not certain:
            return None
        match node:
            case nodes.Workdir():
                return self._past_workdir(node, certain)
            case nodes.Env() | nodes.Arg():
                unsure = all(item.first.access is Access.MAY_READ for _, item in certain)
                return self._stays() if unsure else self._refusal(node, "what moves below the install depends on it")
            case nodes.Copy():
                return self._copy(node, certain)
            case nodes.Run():
                return self._run(node, certain)
            case _:
                return self._refusal(node, "what moves below the install depends on it")

    def _stays(self) -> Refusal | None:
        """Takes a step to stay above although nobody can be sure; nothing is in the way then."""
        self.level = Clash.POSSIBLE
        return None

    def _past_workdir(self, node: nodes.Workdir, certain: list[tuple[Instruction, Conflict]]) -> Refusal | None:
        for moved, item in certain:
            if not isinstance(moved, nodes.Copy) or item.first.kind is not Kind.WORKDIR or destination(self._facts, moved) is None:
                return self._refusal(node, "what moves below the install depends on it")
            self.absolute.add(moved.span.start)
        return None

    def _copy(self, node: Copy, certain: list[tuple[Instruction, Conflict]]) -> Refusal | None:
        target = destination(self._facts, node)
        if target is None:
            return self._refusal(node, "dlint does not know where it copies to")
        if all(isinstance(moved, nodes.Run) for moved, _ in certain) and not any(overlap(target, spot) for spot in self.spots()):
            return self._stays()
        if any(overlap(target, folder) for folder in (*PROGRAMS, *commands().system)) and target != "/":
            return self._refusal(node, "the install may need what it copies")
        self.moved.append(node)
        return None

    def _run(self, run: Run, certain: list[tuple[Instruction, Conflict]]) -> Refusal | None:
        if self._configures(run):
            return None
        installs = self._as_installs(run)
        if installs is not None:
            self.installs += installs
            return None
        names = self._names_source(run)
        if not names and all(isinstance(moved, nodes.Run) for moved, _ in certain):
            # it only may depend on a step that itself only looks at the source
            return self._stays()
        if not names:
            return self._refusal(run, "dlint cannot tell whether it needs the source")
        if (why := self._feeds(run)) is not None:
            return self._refusal(run, why)
        self.moved.append(run)
        return None

    def _refusal(self, node: Instruction, why: str) -> Refusal:
        return Refusal(f"`{self._facts.brief(node)}` (line {self._facts.doc.line(node.span.start)}) is in between: {why}")

    # ------------------------------------------------------------ what a RUN in between is about

    def _as_installs(self, run: Run) -> list[ProjectInstall] | None:
        """The installs that a RUN is when it does nothing else with the source."""
        found = []
        for command in self._facts.commands(run):
            item = next((item for item in self._others if item.run is run and item.invocation.command is command), None)
            if item is not None and trusted(self._facts, run, item.invocation, item.reads)[0] is not Applicability.DISPLAY:
                found.append(item)
            elif any(command_footprint(self._facts, run, command).at(spot) is Clash.CERTAIN for spot in self.spots()):
                return None
        return found or None

    def _configures(self, run: Run) -> bool:
        """Whether a RUN does no more than to write settings for the install, which no moved copy brings."""
        calls = [invocation_of(command) for command in self._facts.commands(run)]
        tool = self._install.invocation.tool
        if not calls or not all(item and item.tool is tool and item.action == "configure" for item in calls):
            return False
        settings = [path for path in image_paths_of(self._install) if posixpath.relpath(path, self._install.place).startswith(".")]
        if any(isinstance(node, nodes.Copy) and brought(self._facts, node, path) for node in self.moved for path in settings):
            self.level = Clash.POSSIBLE
            return not any(item and item.has(("--local",)) for item in calls)
        return True

    def spots(self) -> list[str]:
        """The paths that hold all that the moved copies write."""
        return [spot for node in self.moved if isinstance(node, nodes.Copy) for spot in self._relation.spots(node)]

    def _names_source(self, run: Run) -> bool:
        """Whether the words of a RUN name what the moved steps write, or programs that work in their folder."""
        script = self._facts.script(run)
        every = (*(script.tests if script else ()), *self._facts.commands(run))
        return any(self._command_names(run, command) for command in every)

    def _command_names(self, run: Run, command: Command) -> bool:
        spots = self.spots()
        workdir = self._facts.state(run).workdir
        if any(overlap(path.rstrip("/") or "/", spot) for path in command_footprint(self._facts, run, command).certain for spot in spots):
            return True
        at_home = workdir is not None and any(overlap(workdir, spot) for spot in spots)
        if at_home and command.name in commands().compilers:
            return True
        for word in command.words:
            path = absolute(word.text, workdir)
            if path is None or not any(overlap(path, spot) for spot in spots):
                continue
            if (word is command.words[0] and "/" in word.text) or self._is_copied(path):
                return True
        return False

    def _is_copied(self, path: str) -> bool:
        return any(isinstance(node, nodes.Copy) and brought(self._facts, node, path) for node in self.moved)

    def _feeds(self, run: Run) -> str | None:
        """Why the install may need what a RUN does; None where it surely goes without it."""
        needed = {path for item in (self._install, *self.installs) for path in image_paths_of(item)}
        names = {posixpath.basename(path) for path in needed}
        workdir = self._facts.state(run).workdir
        for command in self._facts.commands(run):
            found = invocation_of(command)
            if found is not None and found.tool is not self._install.invocation.tool and found.action in ("install", "upgrade", "refresh"):
                return "the install may need what it installs"
            if command.name in HARMLESS:
                continue
            texts = [word.text for word in command.words[1:]] + [item.target.text for item in command.redirects if item.target]
            if any(posixpath.basename(text.rstrip("/")) in names for text in texts):
                return "it changes a manifest"
            paths = [path for text in texts if (path := absolute(text, workdir)) is not None]
            swept = command.name in SWEEPING or (command.name == "cp" and any(text.startswith("-") for text in texts))
            if swept and any(overlap(path, place) and len(path) <= len(place) for path in paths for place in needed):
                return "it may change a manifest"
            if found is None and any(overlap(path, folder) for path in paths for folder in commands().system):
                return "the install may need what it writes"
            if found is None and (why := self._script_installs(command, workdir)) is not None:
                return why
        return None

    def _script_installs(self, command: Command, workdir: str | None) -> str | None:
        """Why a script of the context that a command runs may make what the install needs."""
        for word in command.words:
            path = absolute(word.text, workdir)
            if path is None:
                continue
            for node in self.moved:
                source = brought(self._facts, node, path) if isinstance(node, nodes.Copy) else None
                text = self._facts.context.read(source) if source and self._facts.context else None
                if text is not None and not _installers().isdisjoint(WORD.findall(text)):
                    return f"{source} may install what the install needs"
        return None


def _installers() -> frozenset[str]:
    """Programs that bring other programs."""
    tools = {name for tool in catalogue() for name in tool.commands}
    return commands().downloads | tools | {"install", "ln"}

