"""Paths given on the command line to the files that are checked."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.lint.catalogue.name_patterns import matches_any
from dockerlint.lint.context.gitignore import IGNORE_FILE, GitIgnores, is_left_out
from dockerlint.lint.storage.boundaries import leads_out
from dockerlint.lint.syntax.source import STDIN, reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PATTERNS = ("Dockerfile", "Dockerfile.*", "*.Dockerfile", "*.dockerfile", "Containerfile*")
# Named like a Dockerfile, but something else: ignore lists, documentation, what editors and merges leave behind, and
# templates, which are Dockerfiles only after something filled them in. Given by name, each of them is still checked.
NOT_DOCKERFILES = (
    "*.dockerignore", "*.containerignore",
    "*.md", "*.markdown", "*.rst", "*.adoc", "*.html",
    "*~", "*.bak", "*.orig", "*.rej", "*.swp", "*.swo", "*.tmp",
    "*.j2", "*.jinja", "*.jinja2", "*.tmpl", "*.gotmpl", "*.tpl", "*.template", "*.erb", "*.mustache", "*.hbs",
)  # fmt: skip



class Missing(Struct, frozen=True):
    """A path that gave no file, and why, as a sentence."""

    path: str
    sentence: str


class Skipped(Missing, frozen=True):
    """A file that a search passes over; that is told, and is no failure."""


class Empty(Missing, frozen=True):
    """A folder that was searched and holds no Dockerfile."""


def is_dockerfile(name: str) -> bool:
    """Whether a file of this name is taken when a folder is searched."""
    if name in PATTERNS:
        return True
    if matches_any(name, NOT_DOCKERFILES):
        return False
    return matches_any(name, PATTERNS)


def discover(paths: Iterable[str]) -> Iterator[Path | Missing]:
    """The files of the paths, each once, in the paths' order; `-` is passed through as `Path("-")`.

    A file is taken whatever its name; a folder is searched, less what its .gitignore files leave out. Links to folders
    are not followed, nor are those that lead out of what is searched: each of these is a Skipped. A path that gives nothing
    is a Missing, so that the others are still done.
    """
    seen: set[Path] = set()
    for path in paths:
        for found in _discover(path):
            if isinstance(found, Missing) or found not in seen:
                yield found
            if isinstance(found, Path):
                seen.add(found)


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
        found = found or not isinstance(item, Skipped)
        yield item
    if not found:
        yield Empty(given, f"{given}: no Dockerfile in this folder (looked for {', '.join(PATTERNS)})")


def _walk(top: Path) -> Iterator[Path | Missing]:
    # a stack of our own: folders can be nested more deeply than calls can
    rest = [(os.fspath(top), GitIgnores.above(top))]
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
                yield _followed(Path(entry.path), top) if entry.is_symlink() else Path(entry.path)
        rest += reversed(folders)


def _followed(link: Path, top: Path) -> Path | Skipped:
    """A link, unless it leads to what a search of the folder `top` does not look at."""
    if leads_out(os.fspath(link), os.fspath(top)):
        return Skipped(str(link), f"{link}: not checked: this link leads out of the searched folder; name it to check it")
    real = top.resolve()
    if is_left_out(real, link.resolve().relative_to(real).as_posix()):
        return Skipped(str(link), f"{link}: not checked: this link leads to what .gitignore excludes; name it to check it")
    return link


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:
        # a loop of links
        return False


