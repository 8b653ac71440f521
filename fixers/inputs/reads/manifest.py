"""A manifest that is being read, and what it says: files that the install reads too, or why nobody can tell."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.json import decode

from dockerlint.lint.context.dockerignore import glob_to_regex
from dockerlint.lint.storage.lazy_regex import regex

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from dockerlint.lint.context.build_context import Context

# What PyYAML reads in a moment; manifests are far smaller, and nest by indentation.
LARGEST_YAML = 30_000
MOST_BRACKETS = 300
MOST_MEMBERS = 500
QUOTED = regex(r"[\"']([\w./-]{1,200})[\"']")


class Doubt(Struct, frozen=True):
    """Why an install may read more than can be told; `fails` says that it does not work without what that is."""

    why: str
    fails: bool = False


class Manifest(Struct, frozen=True):
    """A manifest of the context; `scripts` says whether an install runs the project's and its packages' scripts."""

    context: Context
    path: str
    text: str
    scripts: bool = True

    @property
    def name(self) -> str:
        """Its name without folders."""
        return posixpath.basename(self.path)

    @property
    def folder(self) -> str:
        """The folder that it lies in; empty for the context's root."""
        return posixpath.dirname(self.path)

    def at(self, path: str) -> str:
        """The path in the context that a path of the manifest means; one that leads out starts with `..`."""
        return posixpath.normpath(posixpath.join(self.folder, path.replace("\\", "/")))

    def here(self, name: str) -> bool:
        """Whether the context has a path of the manifest."""
        return self.context.has(self.at(name))

    def local(self, path: str) -> Iterator[str | Doubt]:
        """A file or folder that the install takes as it is."""
        if path.startswith(("/", "~")) or "$" in path:
            yield Doubt(f"{self.name} names {_short(path)}, outside the build context or by a variable")
        else:
            yield self.at(path)

    def named(self, text: str) -> Iterator[str]:
        """The files of the context that quoted words of a program name, by a path of the manifest or as a module of Ruby."""
        for word in QUOTED.findall(text):
            for name in (word, f"{word}.rb"):
                if self.at(name) in self.context.files and self.at(name) != self.path:
                    yield self.at(name)

    def members(self, patterns: list[str], names: tuple[str, ...], left_out: tuple[str, ...] = ()) -> Iterator[str | Doubt]:
        """The manifests of the members of a workspace, by patterns of their folders; `**` stands for any depth."""
        import re

        if any(pattern.startswith(("/", "..")) or "{" in pattern for pattern in patterns):
            yield Doubt(f"{self.name} has workspace members outside the build context, or by a pattern that dlint does not read")
            return
        top = f"{self.folder}/" if self.folder else ""
        try:
            wanted = [re.compile(glob_to_regex(_clean(item), deep=True) + r"\Z") for item in patterns]
            unwanted = [re.compile(glob_to_regex(_clean(item), deep=True) + r"(?:/|\Z)") for item in left_out]
        except re.error:
            yield Doubt(f"{self.name} has patterns that dlint does not read")
            return
        found: set[str] = set()
        for path in self.context.files:
            folder, name = posixpath.split(path)
            if name not in names or not path.startswith(top) or folder == self.folder or "/node_modules/" in f"/{path}":
                continue
            below = folder[len(top) :]
            if any(item.match(below) for item in wanted) and not any(item.match(below) for item in unwanted):
                found.add(below)
                yield path
        if len(found) > MOST_MEMBERS:
            yield Doubt(f"{self.name} has more than {MOST_MEMBERS} workspace members")
        if any(_clean(item) not in found for item in patterns if not any(char in item for char in "*?[")):
            yield Doubt(f"{self.name} names workspace members that are not in the build context")

    def json(self) -> dict[str, Any] | None:
        """Its object when it is JSON; None when it is not."""
        try:
            data = decode(self.text)
        except (ValueError, RecursionError):
            return None
        return data if isinstance(data, dict) else None

    def toml(self) -> dict[str, Any] | None:
        """Its tables when it is TOML; None when it is not."""
        import tomllib

        try:
            return tomllib.loads(self.text)
        except (ValueError, RecursionError):
            return None

    def yaml(self) -> dict[str, Any] | None:
        """Its mapping when it is YAML, all scalars as texts; None when it is not, or is very large."""
        import yaml

        if len(self.text) > LARGEST_YAML or self.text.count("[") + self.text.count("{") > MOST_BRACKETS:
            return None
        try:
            # the loader that makes nothing but lists, mappings and texts, and follows no merges
            data = yaml.load(self.text, Loader=yaml.BaseLoader)  # noqa: S506
        except (yaml.YAMLError, ValueError, RecursionError):
            return None
        return data if isinstance(data, dict) else None

    def reads(self, calls: re.Pattern[str]) -> Iterator[str | Doubt]:
        """What a manifest that is a program reads: files that it names behind calls, by the first group; without one, nobody
        can tell which.
        """
        for match in calls.finditer(self.text):
            path = next((group for group in match.groups() if group), None)
            if path is None or not self.here(path) or self.at(path).startswith(".."):
                call = " ".join(match[0].split())
                yield Doubt(f"{self.path} reads files: `{_short(call)}`", fails=True)
                return
            yield self.at(path)

    def unread(self) -> Doubt:
        """What to say when it cannot be read."""
        return Doubt(f"dlint cannot read {self.name}")


def table(value: object) -> dict[str, Any]:
    """A mapping, or an empty one in place of anything else."""
    return value if isinstance(value, dict) else {}


def texts(value: object) -> list[str]:
    """The texts of a list, or none."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def strings(value: object) -> Iterator[str]:
    """The texts in lists and mappings, however deep."""
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            todo.extend(item.values())
        elif isinstance(item, list):
            todo.extend(item)


def between(text: str, start: str, end: str) -> Iterator[str]:
    """What stands between two marks, each time, in linear time."""
    at = text.find(start)
    while at >= 0:
        stop = text.find(end, at + len(start))
        if stop < 0:
            return
        yield text[at + len(start) : stop]
        at = text.find(start, stop + len(end))


def without(text: str, start: str, end: str) -> str:
    """A text without its comments."""
    out, at = [], 0
    while (begin := text.find(start, at)) >= 0:
        out.append(text[at:begin])
        stop = text.find(end, begin + len(start))
        if stop < 0:
            return "".join(out)
        at = stop + len(end)
    return "".join((*out, text[at:]))


def _clean(pattern: str) -> str:
    return posixpath.normpath(pattern.strip("/"))


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."
