"""The build context: which files there are, and which of them .dockerignore keeps from the builder."""

from __future__ import annotations

import os
import posixpath
import re
import stat
from functools import cached_property, lru_cache
from operator import attrgetter
from pathlib import Path
from typing import Self

from msgspec import Struct

from dockerlint.lint.storage.errors import SourceError
from dockerlint.lint.syntax.source import MOST_BESIDE, MOST_LINKS, contents, reason

from .dockerignore import BELOW, Ignore, clean_path, glob_to_regex, parts

MOST_FILES = 50_000


class Context(Struct, frozen=True, dict=True):
    """A folder as the builder sees it. Nothing outside it is read; links are not followed out of it."""

    # the folder of the build context, as it was given: absolute, or relative to the working folder
    root: Path
    # the ignore file that applies; None when there is none
    ignore_file: Path | None = None

    @classmethod
    def of(cls, folder: Path, dockerfile: Path | None = None) -> Self:
        """The context of a folder; `<Dockerfile>.dockerignore` beside the Dockerfile wins over `.dockerignore`."""
        found = next((path for path in ignore_files(folder, dockerfile) if os.path.isfile(path)), None)  # noqa: PTH113
        return cls(folder, Path(found) if found else None)

    @cached_property
    def ignore(self) -> Ignore:
        """The patterns of the ignore file; none when there is no file.

        Raises SourceError when it cannot be read, is too large, or is a link that leads elsewhere.
        """
        return Ignore.parse(ignore_text(self))

    @cached_property
    def files(self) -> dict[str, int]:
        """The files that the builder gets, with their sizes in bytes; at most MOST_FILES of them."""
        found: dict[str, int] = {}
        ignore = self.ignore
        # thousands of folders: text is much quicker here than paths are
        top = str(self.root)
        rest = [""]
        while rest and len(found) < MOST_FILES:
            relative = rest.pop()
            below: list[str] = []
            for entry in _entries(os.path.join(top, relative)):  # noqa: PTH118
                path = relative + entry.name
                # a link to a folder is copied as a link, so it counts as a file
                is_folder = entry.is_dir(follow_symlinks=False)
                if (is_folder and ignore.has_exceptions) or not ignore.matches(path):
                    if is_folder:
                        below.append(path + "/")
                    else:
                        found[path] = _size(entry)
            rest += reversed(below)
        return found

    @property
    def whole(self) -> bool:
        """Whether `files` are all there are."""
        return len(self.files) < MOST_FILES

    def has(self, path: str) -> bool:
        """Whether the builder gets a file or a folder of that name, whichever way it is written."""
        clean = clean_path(path)
        return clean == "" or clean in self.files or any(name.startswith(clean + "/") for name in self.files)

    def select(self, pattern: str) -> tuple[str, ...]:
        """The files that a COPY source names: a path, a folder with all below it, or a pattern."""
        clean = clean_path(pattern)
        if clean == "":
            return tuple(self.files)
        if not any(char in clean for char in "*?["):
            return tuple(name for name in self.files if name == clean or name.startswith(clean + "/"))
        try:
            expression = _selecting(clean)
        except re.error:
            return ()
        return tuple(name for name in self.files if expression.match(name))

    def find(self, pattern: str) -> tuple[str, ...]:
        """The files and folders that a COPY source names, with those that the builder does not get; none outside."""
        found = [""]
        for part in clean_path(pattern).split("/"):
            found = [f"{folder}/{name}" if folder else name for folder in found for name in self.names(folder, part)]
        return tuple(found)

    def names(self, folder: str, pattern: str = "*") -> list[str]:
        """The names in a folder of the context that match, in order; none when the folder leads out of the context."""
        path = self.root / folder
        try:
            if folder and not path.resolve().is_relative_to(self.root.resolve()):
                return []
            if not any(char in pattern for char in "*?["):
                return [pattern] if os.path.lexists(path / pattern) else []
            matches = re.compile(glob_to_regex(pattern, deep=False) + r"\Z", re.DOTALL).match
            return sorted(entry.name for entry in path.iterdir() if matches(entry.name))[:MOST_FILES]
        except (OSError, RuntimeError, re.error):
            return []

    def follow(self, path: str) -> str:
        """Where a path leads through links, as the builder follows them within the context; itself where there are none."""
        done, rest = "", parts(path)
        for _ in range(MOST_LINKS):
            while rest and not (self.root / done / rest[0]).is_symlink():
                done = posixpath.join(done, rest.pop(0))
            if not rest:
                return done
            target = (self.root / done / rest.pop(0)).readlink().as_posix()
            done, rest = "", [*parts(posixpath.join("/", done, target)), *rest]
        return clean_path(path)

    def is_left_out(self, path: str) -> bool:
        """Whether git leaves a path out of the repository, by its .gitignore files; it need not exist."""
        from .gitignore import is_left_out

        return is_left_out(self.root, path)

    def keeps_back(self, path: str) -> bool:
        """Whether .dockerignore keeps a path from the builder, and all that is below it."""
        clean = clean_path(path)
        if clean == "":
            return bool(self.ignore.patterns) and not self.files
        if not self.ignore.matches(clean):
            return False
        return not self.ignore.has_exceptions or (self.whole and not self.has(clean))

    def read(self, path: str) -> str | None:
        """The text of a file of the context; None when it is not there, ignored, too big or leads out of the context."""
        clean = clean_path(path)
        return self.beside(clean) if clean in self.files else None

    def beside(self, path: str) -> str | None:
        """The text of a file in the context's folder, which the builder need not get; None where there is nothing to read."""
        file = self.root / clean_path(path)
        # most are not there, and to follow all the links on the way to them takes longer than to see that
        if not os.path.lexists(file):
            return None
        try:
            if not file.resolve().is_relative_to(self.root.resolve()) or not file.is_file():
                return None
            if file.stat().st_size > MOST_BESIDE:
                return None
            return file.read_text(encoding="utf8", errors="replace")
        except (OSError, RuntimeError):
            # RuntimeError: a loop of links
            return None

    def mode(self, path: str) -> int | None:
        """The permission bits of a file of the context, of a link its own; None when there is none."""
        try:
            return stat.S_IMODE((self.root / clean_path(path)).lstat().st_mode)
        except OSError:
            return None


@lru_cache(1000)
def _selecting(pattern: str) -> re.Pattern[str]:
    """What matches the files of a COPY source; raises re.error for a bad pattern."""
    return re.compile(glob_to_regex(pattern, deep=False) + BELOW, re.DOTALL)


def ignore_text(context: Context) -> str:
    """What the ignore file of a context says; raises SourceError as `Context.ignore` does."""
    path = context.ignore_file
    if path is None:
        return ""
    try:
        real = path.resolve()
        if not any(real.is_relative_to(folder.resolve()) for folder in (context.root, path.parent)):
            raise SourceError(f"{path}: this link leads out of the build context; dlint does not read it")
        data = contents(path, MOST_BESIDE + 1)
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {reason(error)}") from error
    if len(data) > MOST_BESIDE:
        raise SourceError(f"{path}: this has over {MOST_BESIDE // 1_000_000} MB; dlint does not read it")
    return data.decode("utf-8", "replace")


def ignore_files(folder: Path, dockerfile: Path | None) -> list[str]:
    """Where the ignore file of a context may be; the first that is there holds."""
    own = [f"{dockerfile}.dockerignore"] if dockerfile is not None else []
    return [*own, os.path.join(folder, ".dockerignore")]  # noqa: PTH118 - as quick as can be: it is done for each file


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        return sorted(os.scandir(folder), key=attrgetter("name"))
    except OSError:
        return []


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except OSError:
        return 0


