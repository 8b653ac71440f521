"""The .gitignore files of a repository: which paths git leaves out."""

from __future__ import annotations

import os
import re
import stat
import warnings
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pathspec import GitIgnoreSpec

IGNORE_FILE = ".gitignore"
# Of `**` in a pattern, and of `*` in one of its names.
MOST_DEEP, MOST_STARS = 4, 3
MOST_BYTES = 4_000_000


def is_left_out(folder: Path, path: str) -> bool:
    """Whether git leaves out a path below a folder, by the .gitignore files of its repository; it need not exist."""
    ignores = GitIgnores.above(folder).within(folder)
    for parent in reversed(PurePosixPath(path).parents[:-1]):
        ignores = ignores.within(folder / parent)
    return ignores.match(folder / path)


def patterns(lines: Iterable[str]) -> GitIgnoreSpec:
    """The patterns of an ignore file of git's, less those that are none, as for git, and those that are too costly."""
    from pathspec import GitIgnoreSpec

    known = [line for line in lines if not _is_costly(line)]
    with warnings.catch_warnings():
        # of sets that Python may once read otherwise: nothing that a user could do anything about
        warnings.simplefilter("ignore", FutureWarning)
        try:
            return GitIgnoreSpec.from_lines(known)
        except (ValueError, re.error):
            return GitIgnoreSpec.from_lines(line for line in known if _is_pattern(line))


def _is_pattern(line: str) -> bool:
    from pathspec import GitIgnoreSpec

    try:
        GitIgnoreSpec.from_lines([line])
    except (ValueError, re.error):
        return False
    return True


def _is_costly(line: str) -> bool:
    """Whether to hold a path against a pattern may take years: it has more stars than any name needs."""
    parts = line.split("/")
    return parts.count("**") > MOST_DEEP or any(part.count("*") > MOST_STARS for part in parts if part != "**")


class GitIgnores(Struct, frozen=True):
    """The .gitignore files that hold for a folder; the nearest one that says something decides."""

    base: Path = Path()
    spec: GitIgnoreSpec | None = None
    outer: GitIgnores | None = None

    @classmethod
    def above(cls, folder: Path) -> GitIgnores:
        """Those of the folders above, up to the repository's root; none when they leave out the folder itself."""
        full = Path(os.path.abspath(folder))  # noqa: PTH100 - links stay as they are: the walk does not follow them
        parents = []
        if not (full / ".git").exists():
            for parent in full.parents:
                parents.append(parent)
                if (parent / ".git").exists():
                    break
            else:
                return cls()
        ignores = cls()
        for parent in reversed(parents):
            ignores = ignores.within(parent)
        return cls() if ignores.match(full, is_folder=True) else ignores

    def within(self, folder: Path) -> GitIgnores:
        """These and the one of `folder`."""
        path = folder / IGNORE_FILE
        try:
            found = path.lstat()
            # as for git: a link, which may lead anywhere, counts for nothing; nor does a pipe
            if not stat.S_ISREG(found.st_mode) or found.st_size > MOST_BYTES:
                return self
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return self
        return GitIgnores(folder, patterns(text.splitlines()), self)

    def match(self, path: Path | str, *, is_folder: bool = False) -> bool:
        """Whether git would leave the path out."""
        layer: GitIgnores | None = self
        while layer is not None and layer.spec is not None:
            relative = os.path.relpath(path, layer.base) + ("/" if is_folder else "")
            verdict = layer.spec.check_file(relative).include
            if verdict is not None:
                return verdict
            layer = layer.outer
        return False
