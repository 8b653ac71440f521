"""The files of a git repository at one time: those of a commit, read without a checkout, or those of the work tree.

Files are as git stores them: no filter is run, and a submodule is an empty folder. Only the size of what git LFS keeps
elsewhere is the true one, for a pointer tells it.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
import stat
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dockerlint.lint.syntax.source import MOST_BESIDE, MOST_LINKS, contents, decode

from .client import GITLINK, LINK, GitError, ask, partial

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from .objects import Objects

MOST_LINK_BYTES = 4096
FILE, PROGRAM = "100644", "100755"
# Source: git-lfs' docs/spec.md.
POINTER = re.compile(rb"version https://git-lfs\.github\.com/spec/v1\n[^\0]*?^size (\d{1,18})$", re.MULTILINE)
LEAST_POINTER, MOST_POINTER = 100, 1023


class TreeEntry(Struct, frozen=True):
    """A file, a link or a submodule, by its mode as git has it; its size in bytes; its id, empty where git has none of it."""

    mode: str
    size: int
    id: str = ""

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file."""
        return self.mode not in (LINK, GITLINK)


class Tree:
    """Files, links and submodules by their paths from the top of the repository."""

    def __init__(self, entries: Mapping[str, TreeEntry]) -> None:
        self._own = entries

    @cached_property
    def entries(self) -> Mapping[str, TreeEntry]:
        """All of them; of what git LFS keeps elsewhere the size is that of the file."""
        return {**self._own, **dict(self._pointers())}

    @cached_property
    def folders(self) -> Mapping[str, tuple[str, ...]]:
        """The names in each folder, in order; the top is `""`."""
        found: dict[str, dict[str, None]] = {"": {}}
        for entry in self._own:
            path = entry
            while path:
                folder, _, name = path.rpartition("/")
                is_known = folder in found
                found.setdefault(folder, {})[name] = None
                if is_known:
                    break
                path = folder
        return {folder: tuple(sorted(names)) for folder, names in found.items()}

    def read(self, path: str) -> bytes | None:
        """The bytes of a file; None when there is none, it is behind a link that leads out, or has over MOST_BESIDE."""
        real = self.follow(path)
        entry = self._own.get(real) if real is not None else None
        if real is None or entry is None or not entry.is_file or entry.size > MOST_BESIDE:
            return None
        return self._data(real, entry)

    def text(self, path: str) -> str | None:
        """The bytes of a file as text in which anything may stand for what is no UTF-8."""
        data = self.read(path)
        return None if data is None else data.decode("utf-8", "replace")

    def is_file(self, path: str) -> bool:
        """Whether there is a file, or a link to one."""
        real = self.follow(path)
        entry = self._own.get(real) if real is not None else None
        return entry is not None and entry.is_file

    def link(self, path: str) -> str | None:
        """Where a link leads, as it is written; None when this is no link."""
        entry = self._own.get(path)
        if entry is None or entry.mode != LINK:
            return None
        return decode(self._data(path, entry) or b"") if entry.size <= MOST_LINK_BYTES else ""

    def follow(self, path: str) -> str | None:
        """The path without links, itself where there are none; None when they lead out of the repository or in a circle."""
        done, rest = "", path.split("/")
        for _ in range(MOST_LINKS):
            target = None
            while rest and (target := self.link(posixpath.join(done, rest[0]))) is None:
                done = posixpath.join(done, rest.pop(0))
            if target is None:
                return done
            whole = posixpath.normpath(posixpath.join(done, target, *rest[1:]))
            if whole == ".." or whole.startswith(("../", "/")):
                return None
            done, rest = "", [] if whole == "." else whole.split("/")
        return None

    def is_same(self, other: Tree, path: str) -> bool:
        """Whether both have the same at a path; of a file of more than MOST_BESIDE without an id only the size is compared."""
        one, two = self.entries.get(path), other.entries.get(path)
        if one is None or two is None or (one.id and two.id):
            return one == two
        if (one.mode, one.size) != (two.mode, two.size):
            return False
        return one.mode == GITLINK or one.size > MOST_BESIDE or self._name(path, one, two) == other._name(path, two, one)

    def _name(self, path: str, entry: TreeEntry, other: TreeEntry) -> str:
        """The id of an entry, as git would have it in a repository with ids such as the other one's."""
        if entry.id:
            return entry.id
        data = self._data(path, entry) or b""
        whole = b"blob %d\0" % len(data) + data
        return hashlib.sha256(whole).hexdigest() if len(other.id) == 64 else hashlib.sha1(whole).hexdigest()  # noqa: S324 - git's

    def _data(self, path: str, entry: TreeEntry) -> bytes | None:
        raise NotImplementedError

    def _pointers(self) -> Iterator[tuple[str, TreeEntry]]:
        attributes = (path for path in self._own if posixpath.basename(path) == ".gitattributes")
        if not any("filter=lfs" in (self.text(path) or "") for path in attributes):
            return
        for path, entry in self._own.items():
            if entry.is_file and LEAST_POINTER <= entry.size <= MOST_POINTER:
                found = POINTER.match(self._data(path, entry) or b"")
                if found:
                    yield path, replace(entry, size=int(found[1]))


class CommitTree(Tree):
    """The files of a commit."""

    def __init__(self, top: Path, commit: str, objects: Objects) -> None:
        """Raises GitError when git does not list them."""
        super().__init__(dict(_listed(ask(top, "ls-tree", "-r", "-z", "--long", "--full-tree", commit), top)))
        self._objects = objects

    def _data(self, path: str, entry: TreeEntry) -> bytes | None:  # noqa: ARG002 - other trees ask for it
        return self._objects.blob(entry.id)


class WorkTree(Tree):
    """The files that lie in the work tree, less those that git leaves out."""

    def __init__(self, top: Path) -> None:
        """Raises GitError when git does not list them, or when the checkout is sparse."""
        listed = ask(top, "ls-files", "-z", "-t", "--cached", "--others", "--exclude-standard")
        super().__init__(dict(_lying(listed, top)))
        self._top = top

    def _data(self, path: str, entry: TreeEntry) -> bytes | None:
        file = self._top / path
        try:
            return os.fsencode(file.readlink()) if entry.mode == LINK else contents(file, MOST_BESIDE + 1)
        except OSError:
            return None


def _listed(answer: bytes, top: Path) -> Iterator[tuple[str, TreeEntry]]:
    """The entries of `git ls-tree -r -z --long`: MODE TYPE ID SIZE, a tab and a path."""
    for item in os.fsdecode(answer).split("\0"):
        if not item:
            continue
        about, _, path = item.partition("\t")
        mode, _, name, size = about.split()
        if size != "-" and not size.isdigit():
            raise GitError(partial(top))
        yield path, TreeEntry(mode, int(size) if size.isdigit() else 0, name)


def _lying(answer: bytes, top: Path) -> Iterator[tuple[str, TreeEntry]]:
    """What of `git ls-files -z -t` lies in the work tree: a letter, a blank and a path."""
    straight: dict[str, bool] = {}
    for item in os.fsdecode(answer).split("\0"):
        path = item[2:]
        full = os.path.join(top, path)  # noqa: PTH118 - thousands of files
        folder = os.path.dirname(full)  # noqa: PTH120
        if folder not in straight:
            # a folder that became a link has none of the files that git knows
            straight[folder] = os.path.realpath(folder) == folder
        if not item or not straight[folder]:
            continue
        try:
            state = os.lstat(full)
        except OSError:
            if item.startswith("S"):
                raise GitError(f"{top}: the checkout is sparse: name a commit with --head, such as HEAD") from None
            continue
        if mode := _mode(state.st_mode):
            yield path, TreeEntry(mode, 0 if mode == GITLINK else state.st_size)


def _mode(mode: int) -> str:
    """The mode as git has it; a folder that git lists is a submodule, what is neither is nothing."""
    if stat.S_ISLNK(mode):
        return LINK
    if stat.S_ISDIR(mode):
        return GITLINK
    if stat.S_ISREG(mode):
        return PROGRAM if mode & stat.S_IXUSR else FILE
    return ""
