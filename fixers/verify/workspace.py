"""The folder that a verification works in: a copy of the build context as the builder gets it, both Dockerfiles, the logs."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.fixers.cost.build_graph import BuildGraph, Origin
from dockerlint.fixers.cost.copy_selections import is_dependency
from dockerlint.lint.syntax.source import reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.context.build_context import Context

# a bigger context is built from as it is: copying it would take longer than it is worth
MOST_BYTES = 2_000_000_000
# what an edit of the source is unlikely to mean
PROSE = (".md", ".rst", ".txt", ".adoc")


class WorkspaceError(Exception):
    """The context cannot be copied, or holds no file to edit; the message is a sentence."""


class Workspace(Struct, frozen=True):
    """`folder` holds all; `context` is the folder to build from, a copy if `copied`, `ignore` the ignore file if not its own."""

    folder: Path
    context: Path
    copied: bool
    ignore: Path | None

    @classmethod
    def of(cls, context: Context, folder: Path) -> Workspace:
        """Copies the context into a folder, unless it is too big. Raises WorkspaceError."""
        own = context.ignore_file is not None and context.ignore_file != context.root / ".dockerignore"
        ignore = context.ignore_file if own else None
        if not context.whole or sum(context.files.values()) > MOST_BYTES:
            return cls(folder, context.root, False, ignore)
        copy = folder / "context"
        try:
            _copy(context, copy)
        except OSError as error:
            raise WorkspaceError(f"{error.filename or context.root}: cannot be copied: {reason(error)}") from error
        return cls(folder, copy, True, ignore)

    def write(self, name: str, text: bytes) -> Path:
        """A Dockerfile of that name, outside of the context, with the ignore file that goes with it."""
        path = self.folder / f"{name}.Dockerfile"
        path.write_bytes(text)
        if self.ignore:
            shutil.copyfile(self.ignore, path.with_name(path.name + ".dockerignore"))
        return path

    def edit(self, name: str, times: int) -> None:
        """Appends so many line ends to a file of the copied context: other content that means the same nearly everywhere.

        Raises WorkspaceError.
        """
        assert self.copied
        path = self.context / name
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
            path.chmod(mode | stat.S_IWUSR)
            with path.open("ab") as file:
                file.write(b"\n" * times)
            path.chmod(mode)
        except OSError as error:
            raise WorkspaceError(f"{name}: its copy cannot be edited: {reason(error)}") from error


def source_file(facts: Facts, context: Context) -> str | None:
    """The file of the context that an edit of the source would most likely touch: one that is copied and is no manifest."""
    found: dict[str, None] = {}
    for step in BuildGraph.of(facts).steps:
        for source in step.sources:
            if source.origin is Origin.CONTEXT and source.pattern is not None:
                found |= dict.fromkeys(context.select(source.pattern))
    names = [name for name in found if _is_source(context, name)]
    return min(names, key=lambda name: (name.lower().endswith(PROSE), name.count("/"), name), default=None)


def is_editable(context: Context, name: str) -> bool:
    """Whether a name is that of a plain file which the builder gets."""
    if name not in context.files:
        return False
    try:
        return stat.S_ISREG((context.root / name).lstat().st_mode)
    except OSError:
        return False


def _is_source(context: Context, name: str) -> bool:
    last = name.rsplit("/", 1)[-1]
    if last.startswith(".") or "dockerfile" in last.lower() or "containerfile" in last.lower() or is_dependency(name):
        return False
    return is_editable(context, name)


def _copy(context: Context, top: Path) -> None:
    """The files that the builder gets, with the folders that they lie in; links stay links."""
    top.mkdir()
    folders = [(context.root, top)]
    for relative, is_folder in _walk(context):
        source, copy = context.root / relative, top / relative
        if is_folder:
            copy.mkdir(exist_ok=True, parents=True)
            folders.append((source, copy))
            continue
        copy.parent.mkdir(exist_ok=True, parents=True)
        mode = source.lstat().st_mode
        # sockets and pipes are nothing that a build could copy
        if stat.S_ISREG(mode) or stat.S_ISLNK(mode):
            shutil.copy2(source, copy, follow_symlinks=False)
    # at the end, as a folder may be one that nobody may write to
    for source, copy in reversed(folders):
        shutil.copystat(source, copy)


def _walk(context: Context) -> Iterator[tuple[str, bool]]:
    """The paths that the builder gets, folders before what is in them, and whether each is a folder."""
    top = str(context.root)
    for folder, folders, names in os.walk(top, onerror=_fail):
        relative = "" if folder == top else os.path.relpath(folder, top).replace(os.sep, "/") + "/"
        ignored = {name for name in folders if context.ignore.matches(relative + name)}
        if not context.ignore.has_exceptions:
            folders[:] = [name for name in folders if name not in ignored]
        links = {name for name in folders if (Path(folder) / name).is_symlink()}
        for name in sorted((*folders, *names)):
            is_folder = name in folders and name not in links
            # an ignored folder is made when something in it is not
            if not context.ignore.matches(relative + name):
                yield relative + name, is_folder


def _fail(error: OSError) -> None:
    raise error
