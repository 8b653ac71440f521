"""Installs of what a project depends on: which RUN does it, from which folder of the context, by which copies."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.lint.catalogue.name_patterns import matches
from dockerlint.lint.catalogue.tool import invocation as invocation_of
from dockerlint.lint.syntax import nodes

from .inner_commands import folder_at, inner
from .install_inputs import Bringers, brought, manifests, primary, project_flag
from .reads.local_project import own

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.tool import Invocation
    from dockerlint.lint.shell.script import Command
    from dockerlint.lint.syntax.nodes import Copy, Run, Stage

    from .install_inputs import Manifests

# Of files that a pattern stands for, so many are looked at.
MOST_NAMES = 100


class ProjectInstall(Struct, frozen=True):
    """An install that reads manifests which a COPY brings."""

    run: Run
    invocation: Invocation
    # what it reads, relative to `place` and `folder`
    reads: Manifests
    # the folder of the image that it works in
    place: str
    # the folder of the context that comes to lie there
    folder: str
    # the first COPY that brings the manifest
    copy: Copy
    # the folder of the image that the command runs in; None when it is not known
    cwd: str | None
    # the command of the RUN that runs it by a script of the context; None when it stands in the RUN itself
    through: Command | None = None

    @property
    def name(self) -> str:
        """What to call it in a message."""
        return self.invocation.name

    @property
    def command(self) -> Command:
        """The command of the RUN that does it."""
        return self.through or self.invocation.command


def project_installs(facts: Facts, stage: Stage) -> Iterator[ProjectInstall]:
    """The installs of a stage that read a manifest of the context, in file order."""
    installed: set[str] = set()
    copies = Bringers(facts)
    for node in stage.instructions:
        if isinstance(node, nodes.Copy):
            copies.add(node)
        if not isinstance(node, nodes.Run):
            continue
        for command in facts.commands(node):
            for invocation, cwd, through in _called(facts, copies, node, command):
                if fetches(invocation, installed):
                    found = project_install(facts, copies, node, invocation, cwd, through)
                    if found is not None:
                        yield found
                    installed.add(invocation.tool.name)


def _called(facts: Facts, copies: Bringers, run: Run, command: Command) -> Iterator[tuple[Invocation, str | None, Command | None]]:
    """The tools that a command of a RUN calls, itself or by a script of the context; each with its folder and, then, the command."""
    folder = working_folder(facts, run, command)
    direct = next((item for item in facts.invocations(run) if item.command is command), None)
    if direct is not None:
        yield direct, folder, None
    if facts.context is None or (direct is not None and direct.action):
        return

    def read(path: str) -> str | None:
        found = copies.first(path)
        return facts.context.read(found[1]) if found is not None and facts.context is not None else None

    for item in inner(command, folder, read):
        for called in item.commands:
            invocation = invocation_of(called)
            if invocation is not None:
                yield invocation, folder_at(item.commands, called, item.folder), command


def fetches(invocation: Invocation, installed: set[str]) -> bool:
    """Whether it fetches dependencies: an install, or the first build of a tool that has not installed any before."""
    tool = invocation.tool
    if tool.kind == "system" or not primary(invocation):
        return False
    if invocation.action == "install":
        if tool.name in installed and own(invocation):
            # what it depends on is there
            return False
        # of a tool that compiles, others such as `go mod tidy` read the source
        return tool.prefetch is None or invocation.subcommand in tool.action("install").plain
    return invocation.action == "build" and tool.prefetch is not None and tool.name not in installed


def project_install(
    facts: Facts, copies: Bringers, run: Run, invocation: Invocation, cwd: str | None, through: Command | None = None
) -> ProjectInstall | None:
    """The install that a command is, given the COPYs above it and its folder; None when none of these brings its manifest."""
    for name in primary(invocation):
        for base in _names(facts, name):
            text = facts.expand(base, run)
            path = posixpath.normpath(posixpath.join(cwd or "", text)) if text is not None else None
            if path is None or not posixpath.isabs(path) or (bringer := copies.first(path)) is None:
                continue
            copy, found = bringer
            relative = not posixpath.isabs(base) and found.endswith(base) and project_flag(invocation) is None
            folder = found.removesuffix(base).rstrip("/") if relative else posixpath.dirname(found)
            place = path.removesuffix(base).rstrip("/") if relative else posixpath.dirname(path)
            return ProjectInstall(run, invocation, manifests(facts, invocation, folder), place or "/", folder, copy, cwd, through)
    return None


def working_folder(facts: Facts, run: Run, command: Command) -> str | None:
    """The folder that a command of a RUN runs in, after each `cd` before it; None when it is not known."""
    script = facts.script(run)
    return folder_at(script.commands if script else (), command, facts.state(run).workdir)


def _names(facts: Facts, pattern: str) -> list[str]:
    """The names of files of the context that a manifest's pattern stands for; itself when it is none."""
    if "*" not in pattern:
        return [pattern]
    every = facts.context.files if facts.context is not None else ()
    names = {name for path in every if matches(name := posixpath.basename(path), pattern)}
    return sorted(names)[:MOST_NAMES]


def is_broad(facts: Facts, copy: Copy, install: ProjectInstall) -> bool:
    """Whether a COPY brings more than the manifests of an install."""
    if facts.context is None:
        return any(word.text.rstrip("/") in ("", ".", "./.") or word.text.endswith("/") for word in copy.paths)
    wanted = {posixpath.normpath(posixpath.join(install.folder, name)) for name in install.reads.files}
    copied = {name for word in copy.paths for name in facts.context.select(word.text)}
    return any(name not in wanted and not any(name.startswith(item + "/") for item in wanted) for name in copied)


def paths_of(install: ProjectInstall) -> list[str]:
    """The manifests of an install as paths of the context."""
    return [posixpath.normpath(posixpath.join(install.folder, name)) for name in install.reads.files]


def image_paths_of(install: ProjectInstall) -> list[str]:
    """Where an install reads its manifests, in the order of `paths_of`."""
    return [posixpath.normpath(posixpath.join(install.place, name)) for name in install.reads.files]


def brings(facts: Facts, copy: Copy, install: ProjectInstall) -> bool:
    """Whether a COPY brings a manifest of an install to where it is read."""
    return any(brought(facts, copy, path) for path in image_paths_of(install))


def bringer(facts: Facts, run: Run, image_path: str) -> tuple[Copy, str] | None:
    """The last COPY above a RUN that puts a file of the context at a path of the image, and that file."""
    stage = facts.stage_of(run)
    above = [node for node in stage.all(nodes.Copy) if node.span.end <= run.span.start and node.from_ is None]
    return next(((copy, path) for copy in reversed(above) if (path := brought(facts, copy, image_path)) is not None), None)
