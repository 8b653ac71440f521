"""A build context in a git repository, as one of its commits has it or as git sees the work tree."""

from __future__ import annotations

import posixpath
import re
import stat
from functools import cached_property
from typing import TYPE_CHECKING

from dockerlint.lint.syntax.source import MOST_BESIDE, MOST_LINKS

from .build_context import MOST_FILES, Context
from .dockerignore import Ignore, clean_path, glob_to_regex

if TYPE_CHECKING:
    from pathlib import Path

    from dockerlint.lint.git.tree import Tree


class GitContext(Context, frozen=True, dict=True, kw_only=True):
    """A folder of a tree as the builder would see it: `prefix` is its path, "" for the top, else with a slash at its end.

    `root` is where it would lie; it need not be there. git's own folder, which no tree has, is not part of it.
    """

    tree: Tree
    prefix: str
    ignore_path: str | None

    @classmethod
    def within(cls, tree: Tree, top: Path, folder: str, dockerfile: str | None = None) -> GitContext:
        """The context of a folder of the repository; of two ignore files the one beside the Dockerfile wins."""
        prefix = f"{folder}/" if folder else ""
        names = [*([f"{dockerfile}.dockerignore"] if dockerfile else []), f"{prefix}.dockerignore"]
        ignore = next((name for name in names if tree.is_file(name)), None)
        return cls(top / folder, top / ignore if ignore else None, tree=tree, prefix=prefix, ignore_path=ignore)

    @cached_property
    def ignore(self) -> Ignore:
        """The patterns of the ignore file; none when there is no file."""
        text = self.tree.text(self.ignore_path) if self.ignore_path else None
        return Ignore.parse(text) if text else Ignore(())

    @cached_property
    def files(self) -> dict[str, int]:
        """The files that the builder gets, with their sizes in bytes; at most MOST_FILES of them."""
        found: dict[str, int] = {}
        rest = [""]
        while rest and len(found) < MOST_FILES:
            relative = rest.pop()
            below: list[str] = []
            for name in self.tree.folders.get((self.prefix + relative).rstrip("/"), ()):
                path = relative + name
                entry = self.tree.entries.get(self.prefix + path)
                if entry is None and (self.ignore.has_exceptions or not self.ignore.matches(path)):
                    below.append(path + "/")
                elif entry is not None and not self._is_module(path) and not self.ignore.matches(path):
                    found[path] = entry.size
            rest += reversed(below)
        return found

    def names(self, folder: str, pattern: str = "*") -> list[str]:
        """The names in a folder of the context that match, in order; none when the folder leads out of the context."""
        real = self._real(folder)
        if real is None:
            return []
        names = self.tree.folders.get(real, ())
        if not any(char in pattern for char in "*?["):
            return [pattern] if pattern in ("", *names) else []
        try:
            matches = re.compile(glob_to_regex(pattern, deep=False) + r"\Z", re.DOTALL).match
        except re.error:
            return []
        return [name for name in names if matches(name)][:MOST_FILES]

    def follow(self, path: str) -> str:
        """Where a path leads through links, as the builder follows them within the context; itself where there are none."""
        clean = clean_path(path)
        done, rest = "", clean
        for _ in range(MOST_LINKS):
            target = None
            while rest and target is None:
                name, _, rest = rest.partition("/")
                target = self.tree.link(self.prefix + posixpath.join(done, name))
                if target is None:
                    done = posixpath.join(done, name)
            if target is None:
                return done
            done, rest = "", clean_path(posixpath.join("/", done, target, rest))
        return clean

    def is_left_out(self, path: str) -> bool:
        """Whether git leaves a path out of the repository, by its .gitignore files; it need not exist."""
        from .gitignore import patterns

        full = self.prefix + clean_path(path)
        folder = full
        while folder:
            folder = posixpath.dirname(folder)
            text = self.tree.text(posixpath.join(folder, ".gitignore"))
            spec = patterns(text.splitlines()) if text else None
            verdict = spec.check_file(posixpath.relpath(full, folder or ".")).include if spec else None
            if verdict is not None:
                return verdict
        return False

    def read(self, path: str) -> str | None:
        """The text of a file of the context; None when it is not there, ignored, too big or leads out of the context."""
        clean = clean_path(path)
        return self.beside(clean) if clean in self.files and self.files[clean] <= MOST_BESIDE else None

    def beside(self, path: str) -> str | None:
        """The text of a file in the context's folder, which the builder need not get; None where there is nothing to read."""
        real = self._real(clean_path(path))
        return self.tree.text(real) if real is not None else None

    def mode(self, path: str) -> int | None:
        """The permission bits of a file as a checkout gives them; None when there is none."""
        entry = self.tree.entries.get(self.prefix + clean_path(path))
        return stat.S_IMODE(int(entry.mode, 8)) if entry is not None else None

    def _real(self, path: str) -> str | None:
        """The path in the tree, without links, of one in the context; None when it leads out of the context."""
        real = self.tree.follow((self.prefix + path).rstrip("/"))
        return real if real is not None and f"{real}/".startswith(self.prefix) else None

    def _is_module(self, path: str) -> bool:
        from dockerlint.lint.git.client import GITLINK

        return self.tree.entries[self.prefix + path].mode == GITLINK
