"""Paths given on the command line to the files that are checked."""

from __future__ import annotations

import os
import re
import stat
import warnings
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.lint.catalogue.name_patterns import matches
from dockerlint.lint.syntax.source import STDIN, reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pathspec import GitIgnoreSpec

PATTERNS = ("Dockerfile", "Dockerfile.*", "*.Dockerfile", "*.dockerfile", "Containerfile*")
# Named like a Dockerfile, but something else: ignore lists, documentation, what editors and merges leave behind, and
# templates, which are Dockerfiles only after something filled them in. Given by name, each of them is still checked.
NOT_DOCKERFILES = (
    "*.dockerignore", "*.containerignore",
    "*.md", "*.markdown", "*.rst", "*.adoc", "*.html",
    "*~", "*.bak", "*.orig", "*.rej", "*.swp", "*.swo", "*.tmp",
    "*.j2", "*.jinja", "*.jinja2", "*.tmpl", "*.gotmpl", "*.tpl", "*.template", "*.erb", "*.mustache", "*.hbs",
)  # fmt: skip

IGNORE_FILE = ".gitignore"
# Of `**` in a pattern, and of `*` in one of its names.
MOST_DEEP, MOST_STARS = 4, 3
MOST_BYTES = 4_000_000


class Missing(Struct, frozen=True):
    """A path that gave no file, and why, as a sentence."""

    path: str
    sentence: str


def is_dockerfile(name: str) -> bool:
    """Whether a file of this name is taken when a folder is searched."""
    if name in PATTERNS:
        return True
    if any(matches(name, pattern) for pattern in NOT_DOCKERFILES):
        return False
    return any(matches(name, pattern) for pattern in PATTERNS)


def discover(paths: Iterable[str]) -> Iterator[Path | Missing]:
    """The files of the paths, each once, in the paths' order; `-` is passed through as `Path("-")`.

    A file is taken whatever its name; a folder is searched, less what its .gitignore files leave out. Links to folders
    are not followed. A path that gives nothing is a Missing, so that the others are still done.
    """
    seen: set[Path] = set()
    for path in paths:
        for found in _discover(path):
            if isinstance(found, Missing) or found not in seen:
                yield found
            if isinstance(found, Path):
                seen.add(found)


def is_left_out(folder: Path, path: str) -> bool:
    """Whether git leaves out a path below a folder, by the .gitignore files of its repository; it need not exist."""
    ignores = _Ignores.above(folder).within(folder)
    for parent in reversed(PurePosixPath(path).parents[:-1]):
        ignores = ignores.within(folder / parent)
    return ignores.match(folder / path)


def _discover(given: str) -> Iterator[Path | Missing]:
    path = Path(given)
    if given == STDIN:
        yield path
        return
    try:
        is_folder = path.is_dir()
        exists = is_folder or path.exists()
    except (OSError, ValueError) as error:
        yield Missing(given, f"{given}: cannot be read: {reason(error) if isinstance(error, OSError) else error}")
        return
    if not exists:
        yield Missing(given, f"{given}: no such file or folder")
    elif not is_folder:
        yield path
    else:
        yield from _search(given, path)


def _search(given: str, folder: Path) -> Iterator[Path | Missing]:
    found = False
    for item in _walk(folder):
        found = True
        yield item
    if not found:
        yield Missing(given, f"{given}: there is no Dockerfile in this folder (looked for {', '.join(PATTERNS)})")


def _walk(top: Path) -> Iterator[Path | Missing]:
    # a stack of our own: folders can be nested more deeply than calls can
    rest = [(os.fspath(top), _Ignores.above(top))]
    while rest:
        folder, ignores = rest.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            path = Path(folder)
            yield Missing(str(path), f"{path}: cannot be searched: {reason(error)}")
            continue
        if any(entry.name == IGNORE_FILE for entry in entries):
            ignores = ignores.within(Path(folder))
        folders = []
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name != ".git" and not ignores.match(entry.path, is_folder=True):
                    folders.append((entry.path, ignores))
            elif is_dockerfile(entry.name) and _is_file(entry) and not ignores.match(entry.path):
                yield Path(entry.path)
        rest += reversed(folders)


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:
        # a loop of links
        return False


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


class _Ignores(Struct, frozen=True):
    """The .gitignore files that hold for a folder; the nearest one that says something decides."""

    base: Path = Path()
    spec: GitIgnoreSpec | None = None
    outer: _Ignores | None = None

    @classmethod
    def above(cls, folder: Path) -> _Ignores:
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

    def within(self, folder: Path) -> _Ignores:
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
        return _Ignores(folder, patterns(text.splitlines()), self)

    def match(self, path: Path | str, *, is_folder: bool = False) -> bool:
        """Whether git would leave the path out."""
        layer: _Ignores | None = self
        while layer is not None and layer.spec is not None:
            relative = os.path.relpath(path, layer.base) + ("/" if is_folder else "")
            verdict = layer.spec.check_file(relative).include
            if verdict is not None:
                return verdict
            layer = layer.outer
        return False
