"""A git repository: its revisions, and what lies between two of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Self

from msgspec import Struct

from .client import GitError, ask

# As few of the settings of the repository as can be decide what a rename is.
RENAMES = (
    "-r",
    "-z",
    "--raw",
    "--no-abbrev",
    "-M50%",
    "-l1000",
    "--diff-filter=R",
    "--no-ext-diff",
    "--no-textconv",
    "--no-relative",
    "--ignore-submodules=all",
    "-O/dev/null",
)


class Repository(Struct, frozen=True):
    """Where a repository lies: the top of its work tree, or its own folder where there is none.

    `prefix` is the path of the folder that was asked about, "" for the top, else with a slash at its end.
    """

    top: Path
    prefix: str
    has_work_tree: bool
    is_shallow: bool

    @classmethod
    def of(cls, folder: Path) -> Self:
        """The repository that a folder is in. Raises GitError when there is none."""
        asked = ask(folder, "rev-parse", "--is-inside-work-tree", "--is-shallow-repository").split()
        is_inside, is_shallow = (word == b"true" for word in asked)
        if not is_inside:
            return cls(Path(_line(folder, "--absolute-git-dir")), "", False, is_shallow)
        top = Path(_line(folder, "--show-toplevel")).resolve()
        if not (top / ".git").exists():
            # the repository's configuration may call any folder its work tree
            raise GitError(f"{folder}: its repository says that {top} is the work tree, but there is no .git in it")
        return cls(top, _line(folder, "--show-prefix"), True, is_shallow)

    def commit(self, revision: str) -> str:
        """The id of a commit. Raises GitError when there is no such revision."""
        no_such = f"{revision}: no such commit in {self.top}{self._hint}"
        if revision.startswith("-") or "\0" in revision:
            raise GitError(no_such)
        try:
            return _line(self.top, "--verify", "--quiet", f"{revision}^{{commit}}")
        except GitError as error:
            # `--quiet` keeps git from saying what is not there
            if error.said:
                raise
            raise GitError(no_such) from error

    def merge_base(self, one: str, other: str) -> str:
        """The commit from which two others went on. Raises GitError when there is none."""
        try:
            return os.fsdecode(ask(self.top, "merge-base", one, other)).split("\n")[0]
        except GitError as error:
            if error.said:
                raise
            raise GitError(f"{self.top}: {one[:12]} and {other[:12]} share no commit{self._hint}") from error

    def renames(self, base: str, head: str | None) -> dict[str, str]:
        """The old names of files by their new ones: between two commits, or from one to the index for None."""
        words = ("diff-tree", *RENAMES, base, head) if head else ("diff-index", "--cached", *RENAMES, base)
        fields = os.fsdecode(ask(self.top, *words)).split("\0")
        return dict(zip(fields[2::3], fields[1::3], strict=True))

    @property
    def _hint(self) -> str:
        return "; the clone is shallow: `git fetch --unshallow` fetches the rest" if self.is_shallow else ""


def _line(folder: Path, *words: str) -> str:
    return os.fsdecode(ask(folder, "rev-parse", *words)).removesuffix("\n")
