"""The build context: which files there are, and which of them .dockerignore keeps from the builder."""

from __future__ import annotations

import os
import posixpath
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

MOST_FILES = 50_000
MOST_BYTES = 4_000_000
# Behind a pattern: the path itself, or all that lies below it.
BELOW = r"(?:/.*)?\Z"


@dataclass(frozen=True)
class Context:
    """A folder as the builder sees it. Nothing outside it is read; links are not followed out of it."""

    root: Path
    ignore_file: Path | None = None

    @classmethod
    def of(cls, folder: Path, dockerfile: Path | None = None) -> Context:
        """The context of a folder; `<Dockerfile>.dockerignore` beside the Dockerfile wins over `.dockerignore`."""
        candidates = [folder / ".dockerignore"]
        if dockerfile is not None:
            candidates.insert(0, dockerfile.with_name(dockerfile.name + ".dockerignore"))
        return cls(folder, next((path for path in candidates if path.is_file()), None))

    @cached_property
    def ignore(self) -> Ignore:
        """The patterns of the ignore file; none when there is no file."""
        if self.ignore_file is None:
            return Ignore(())
        return Ignore.parse(self.ignore_file.read_text(encoding="utf8", errors="replace"))

    @cached_property
    def files(self) -> dict[str, int]:
        """The files that the builder gets, with their sizes in bytes; at most MOST_FILES of them."""
        found: dict[str, int] = {}
        top = str(self.root)
        for folder, folders, names in os.walk(top):
            relative = "" if folder == top else os.path.relpath(folder, top).replace(os.sep, "/") + "/"
            if not self.ignore.has_exceptions:
                folders[:] = [name for name in folders if not self.ignore.matches(relative + name)]
            folders.sort()
            # a link to a folder is copied as a link, so it counts as a file
            links = [name for name in folders if (Path(folder) / name).is_symlink()]
            for name in sorted((*names, *links)):
                path = relative + name
                if not self.ignore.matches(path):
                    found[path] = _size(Path(folder) / name)
            if len(found) >= MOST_FILES:
                break
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
        try:
            expression = re.compile(glob_to_regex(clean, deep=False) + BELOW, re.DOTALL)
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
        if clean not in self.files:
            return None
        file = self.root / clean
        try:
            if not file.resolve().is_relative_to(self.root.resolve()) or not file.is_file():
                return None
            if file.stat().st_size > MOST_BYTES:
                return None
            return file.read_text(encoding="utf8", errors="replace")
        except (OSError, RuntimeError):
            # RuntimeError: a loop of links
            return None


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def clean_path(path: str) -> str:
    """A path relative to the context's root, as the builder reads it: `/x`, `./x` and `../x` are all `x`."""
    clean = posixpath.normpath("/" + path.replace("\\", "/")).lstrip("/")
    return "" if clean == "." else clean


def glob_to_regex(pattern: str, *, deep: bool) -> str:
    """The expression for a pattern: `*` and `?` stay within a name; `**` crosses them in an ignore file (`deep`), and is
    no more than `*` in COPY.
    """
    out = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "*" and deep and pattern[at : at + 1] == "*":
            at += 1
            if pattern[at : at + 1] == "/":
                at += 1
                out.append("(?:.*/)?")
            else:
                # behind a start of `**` the rest may stand in the middle of a name, unless it is a pattern itself
                free = at == len(pattern) or (at == 2 and not any(char in pattern[at:] for char in "*?[\\"))
                out.append(".*" if free else "(?:.*/)?")
        elif char == "*":
            out.append("[^/]*")
        elif char == "?":
            out.append("[^/]")
        elif char == "[" and (end := pattern.find("]", at + 1)) > 0:
            body = pattern[at:end].replace("\\", "\\\\")
            out.append(f"[{body}]")
            at = end + 1
        elif char == "\\" and at < len(pattern):
            out.append(re.escape(pattern[at]))
            at += 1
        else:
            out.append(re.escape(char))
    return "".join(out)


@dataclass(frozen=True)
class Ignore:
    """The patterns of an ignore file, in order: whether each takes back, and its expression."""

    patterns: tuple[tuple[bool, re.Pattern[str]], ...]

    @classmethod
    def parse(cls, text: str) -> Ignore:
        """Reads an ignore file; lines that start with # and blank ones say nothing, a bad pattern is passed over."""
        patterns = []
        for line in text.removeprefix("\ufeff").split("\n"):
            # what is indented is no comment
            if line.startswith("#") or not line.strip():
                continue
            negative = line.strip().startswith("!")
            clean = posixpath.normpath(line.strip().removeprefix("!").strip() or ".").lstrip("/")
            if clean in ("", "."):
                continue
            try:
                patterns.append((negative, re.compile(glob_to_regex(clean, deep=True) + BELOW, re.DOTALL)))
            except re.error:
                continue
        return cls(tuple(patterns))

    @property
    def has_exceptions(self) -> bool:
        """Whether a pattern takes files back, so that an ignored folder may hold some that are not."""
        return any(negative for negative, _ in self.patterns)

    def matches(self, path: str) -> bool:
        """Whether a path is kept from the builder; the last pattern that matches decides."""
        for negative, pattern in reversed(self.patterns):
            if pattern.match(path):
                return not negative
        return False
