"""What a dependency install reads: its manifests and lock files, and whether anything else."""

from __future__ import annotations

import json
import posixpath
import re
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import TYPE_CHECKING

from dockerlint.lint.context import clean_path

if TYPE_CHECKING:
    from dockerlint.lint.context import Context
    from dockerlint.lint.facts import Facts
    from dockerlint.lint.nodes import Copy
    from dockerlint.lint.tools import Invocation

# Scripts of package.json that an install runs. Source: npm's documentation, "scripts", life cycle operation order.
LIFECYCLE = ("preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare")
LOCAL = ("file:", "link:", "portal:", "workspace:", "./", "../")
REQUIREMENT_FILE = re.compile(r"^\s*(?:-r|--requirement|-c|--constraint)[\s=]*(\S+)", re.MULTILINE)
LOCAL_REQUIREMENT = re.compile(r"^\s*(?:-e\b|--editable\b|\.{0,2}/|\.\s*$|\.\[|file:)|@\s*file:", re.MULTILINE)
LOCAL_REPLACE = re.compile(r"=>\s*\.{0,2}/")


@dataclass(frozen=True, slots=True)
class Manifests:
    """The files that an install reads, relative to the folder it runs in.

    `complete` when the context shows that it reads nothing else of the source; `known` when there was a context to look at.
    """

    files: tuple[str, ...]
    complete: bool
    known: bool


def primary(invocation: Invocation) -> tuple[str, ...]:
    """The files without which the install has nothing to do, as patterns; none when it reads no manifest."""
    tool = invocation.tool
    named = tuple(word.text for word in invocation.options(*tool.manifest_flags)) if tool.manifest_flags else ()
    if named:
        return named
    if not tool.project or invocation.is_global:
        return ()
    if invocation.action == "install" and invocation.operands and tool.kind == "language":
        return ()
    return tool.manifests[:1]


def manifests(context: Context | None, invocation: Invocation, folder: str) -> Manifests:
    """What an install reads of a folder of the context; without a context what it reads as a rule."""
    names = tuple(posixpath.basename(name) if posixpath.isabs(name) else name for name in primary(invocation))
    if context is None:
        return Manifests(names, complete=False, known=False)
    if invocation.tool.manifest_flags:
        return _requirements(context, names, folder)
    found = _present(context, invocation.tool.manifests, folder)
    known = any(fnmatch(name, names[0]) for name in found) if names else False
    return Manifests(found, complete=known and _self_contained(context, found, folder), known=known)


def brought(facts: Facts, copy: Copy, image_path: str) -> str | None:
    """The file of the context that a COPY puts at a path of the image; None when it does not, or that cannot be told."""
    target = facts.path(copy.destination.text, copy)
    if target is None:
        return None
    for word in copy.paths:
        source = facts.expand(word.text, copy)
        if source is None:
            continue
        path = _brought_by(facts.context, source, target, image_path, single=len(copy.sources) == 1)
        if path is not None:
            return path
    return None


def _brought_by(context: Context | None, source: str, target: str, image_path: str, *, single: bool) -> str | None:
    clean = clean_path(source)
    if _is_folder(context, source, clean):
        top = target.rstrip("/") + "/"
        if not image_path.startswith(top):
            return None
        path = posixpath.join(clean, image_path[len(top) :])
        return path if context is None or context.has(path) else None
    if target.endswith("/") or not single or any(char in clean for char in "*?["):
        if posixpath.dirname(image_path) != (target.rstrip("/") or "/"):
            return None
        path = posixpath.join(posixpath.dirname(clean), posixpath.basename(image_path))
        if context is not None:
            return path if path in context.select(clean) else None
        return path if fnmatch(path, clean) else None
    return clean if target == image_path else None


def _is_folder(context: Context | None, source: str, clean: str) -> bool:
    if clean == "" or source.endswith("/"):
        return True
    if context is None or any(char in clean for char in "*?["):
        return False
    return clean not in context.files and context.has(clean)


def _present(context: Context, patterns: tuple[str, ...], folder: str) -> tuple[str, ...]:
    """The manifests that lie in a folder, in the order of the patterns; a manifest may be a folder itself."""
    top = f"{folder}/" if folder else ""
    names = sorted(name[len(top) :] for name in context.files if name.startswith(top))
    found: list[str] = []
    for pattern in patterns:
        hits = [name for name in names if fnmatch(name, pattern) and name.count("/") == pattern.count("/")]
        if not hits and any(name.startswith(pattern + "/") for name in names):
            hits = [pattern]
        found += [name for name in hits if name not in found]
    return tuple(found)


def _self_contained(context: Context, names: tuple[str, ...], folder: str) -> bool:
    """Whether the manifests refer to nothing else of the source tree."""
    for name in names:
        text = context.read(posixpath.join(folder, name))
        if text is None:
            return False
        if name == "package.json" and not _plain_package(text):
            return False
        if name in ("go.mod", "go.work") and LOCAL_REPLACE.search(text):
            return False
        if name == "go.work":
            return False
    return True


def _plain_package(text: str) -> bool:
    try:
        package = json.loads(text)
    except ValueError:
        return False
    if not isinstance(package, dict) or "workspaces" in package:
        return False
    scripts = package.get("scripts", {})
    if not isinstance(scripts, dict) or any(name in scripts for name in LIFECYCLE):
        return False
    groups = [package.get(key, {}) for key in ("dependencies", "devDependencies", "optionalDependencies")]
    if not all(isinstance(group, dict) for group in groups):
        return False
    return not any(str(version).startswith(LOCAL) for group in groups for version in group.values())


def _requirements(context: Context, names: tuple[str, ...], folder: str) -> Manifests:
    """Follows `-r` and `-c` from file to file."""
    files: list[str] = []
    complete = True
    todo = list(names)
    while todo:
        name = todo.pop(0)
        if name in files:
            continue
        if "$" in name or posixpath.isabs(name) or name.startswith(".."):
            complete = False
            continue
        text = context.read(posixpath.join(folder, name))
        if text is None:
            return Manifests(tuple(names), complete=False, known=False)
        files.append(posixpath.normpath(name))
        complete = complete and not LOCAL_REQUIREMENT.search(text)
        todo += [posixpath.join(posixpath.dirname(name), item) for item in REQUIREMENT_FILE.findall(text)]
    return Manifests(tuple(files), complete=complete, known=True)
