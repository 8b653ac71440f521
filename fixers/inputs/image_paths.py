"""Where in the image an install reads: its manifests, what these refer to, and where they cannot be seen, the folder they lie in."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.lint.syntax import nodes

from .install_inputs import brought, manifests, placed, primary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.tool import Invocation
    from dockerlint.lint.syntax.nodes import Run


class ReadPaths(Struct, frozen=True):
    """Absolute paths of the image, those that an install reads and those of folders in which it may read more."""

    certain: frozenset[str]
    possible: frozenset[str]


NOTHING = ReadPaths(frozenset(), frozenset())


def read_paths(facts: Facts, run: Run, invocation: Invocation) -> ReadPaths:
    """What an install of a RUN reads through its manifests; nothing for a command that has none."""
    if invocation.action not in ("install", "build") or invocation.tool.kind == "system":
        return NOTHING
    certain: set[str] = set()
    possible: set[str] = set()
    for name in primary(invocation):
        path = placed(facts, name, run)
        if path is None or "*" in name:
            continue
        found = _from_context(facts, run, path)
        if found is None:
            possible.add(posixpath.dirname(path))
            continue
        relative = not posixpath.isabs(name) and found.endswith(name)
        folder = found.removesuffix(name).rstrip("/") if relative else posixpath.dirname(found)
        top = path.removesuffix(name).rstrip("/") if relative and path.endswith(name) else posixpath.dirname(path)
        reads = manifests(facts, invocation, folder)
        certain.update(posixpath.normpath(posixpath.join(top or "/", item)) for item in reads.files)
        if not reads.known or reads.why is not None:
            possible.add(top or "/")
    return ReadPaths(frozenset(certain), frozenset(possible))


def _from_context(facts: Facts, run: Run, path: str) -> str | None:
    """The file of the context that lies at a path of the image when a RUN starts, as far as the COPYs above it say."""
    return next((found for copy in _copies(facts, run) if (found := brought(facts, copy, path)) is not None), None)


def _copies(facts: Facts, run: Run) -> Iterator[nodes.Copy]:
    return (node for node in facts.before(run) if isinstance(node, nodes.Copy) and node.from_ is None)


def absolute(text: str, workdir: str | None) -> str | None:
    """A path of a command, up to its first wildcard; None when a variable or an unknown folder decides it."""
    for at, char in enumerate(text):
        if char in "$`":
            return None
        if char in "*?[{":
            text = text[:at].rpartition("/")[0] + "/"
            break
    if text.startswith("~"):
        return None
    if text.startswith("/"):
        return posixpath.normpath("/" + text.lstrip("/"))
    return posixpath.normpath(posixpath.join(workdir, text)) if workdir else None
