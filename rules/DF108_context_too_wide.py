"""DF108: COPY of a whole folder brings .git, node_modules or build output."""

from __future__ import annotations

import posixpath
from functools import cache
from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.lint.catalogue import tables
from dockerlint.lint.catalogue.name_patterns import matches, matches_any
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.context.build_context import Context
    from dockerlint.lint.syntax.nodes import Copy

MOST_NAMED = 4


class _ContextData(Struct, frozen=True):
    always: tuple[str, ...]
    beside: dict[str, tuple[str, ...]]
    expected: dict[str, tuple[str, ...]]


@rule(name="context-too-wide", severity=Severity.WARNING)
def context_too_wide(facts: Facts) -> Iterator[Finding]:
    """COPY of a whole folder brings .git, node_modules or build output.

    The builder receives, hashes and stores all of it, and any change in it, even a commit, runs every later step again.
    Packages for another system may even replace those of the image. A line in .dockerignore keeps each of them out.

    ```context .git/HEAD
    ref: refs/heads/main
    ```

    ```context node_modules/express/index.js
    module.exports = {}
    ```

    ```context package.json
    {}
    ```

    ```dockerfile bad
    FROM node:22-slim
    WORKDIR /app
    COPY . .
    ```

    ```dockerfile good
    FROM node:22-slim
    WORKDIR /app
    COPY package.json .
    ```

    **Source:** Docker's guide on build contexts, ".dockerignore files"; BuildKit's cache keys.
    """
    if facts.context is None:
        return
    # each name once, where it is copied first
    named: set[str] = set()
    for copy in facts.every(nodes.Copy):
        if copy.from_ is None and not copy.flag("exclude"):
            yield from _check(facts, facts.context, copy, named)


def _check(facts: Facts, context: Context, copy: Copy, named: set[str]) -> Iterator[Finding]:
    for word in copy.paths:
        if "://" in word.text or "$" in word.text:
            continue
        folder = posixpath.normpath(word.text).strip("/")
        names = [name for name in context.select(word.text) if name != folder]
        waste = {entry: size for entry, size in _waste(context, names).items() if entry not in named}
        named.update(waste)
        if waste:
            first = sorted(waste, key=lambda entry: (-waste[entry], entry))
            listed = ", ".join(f"{entry} ({_size(waste[entry])})" for entry in first[:MOST_NAMED])
            more = f" and {len(first) - MOST_NAMED} more" if len(first) > MOST_NAMED else ""
            them = "it" if len(first) == 1 else "them"
            yield Finding(
                word.span, f"`{facts.brief(copy)[:30]}` copies {listed}{more}: add {them} to .dockerignore"
            )
        elif context.ignore_file is None and folder in ("", ".") and not facts.quiet:
            yield from _without_ignore_file(context, word)


def _without_ignore_file(context: Context, word: nodes.Word) -> Iterator[Finding]:
    expected = dict.fromkeys(
        name for manifest, names in _data().expected.items() if manifest in context.files for name in names
    )
    if expected:
        listed = ", ".join([".git", *expected])
        yield Finding(word.span, f"no .dockerignore: this copies {listed} as soon as they exist")


def _waste(context: Context, names: Iterable[str]) -> dict[str, int]:
    """The entries that would keep something out, with the bytes of what they keep out."""
    found: dict[str, int] = {}
    tops: dict[str, str | None] = {}
    for name in names:
        entry = _entry(context, name, tops)
        if entry is not None:
            found[entry] = found.get(entry, 0) + context.files[name]
    return found


def _entry(context: Context, name: str, tops: dict[str, str | None]) -> str | None:
    """The first folder of a path that is waste, or the path itself; `tops` remembers what is known of folders."""
    at = 0
    while at >= 0:
        at = name.find("/", at + 1)
        part = name if at < 0 else name[:at]
        if part not in tops:
            tops[part] = part if _is_waste(context, part) else None
        if tops[part] is not None:
            return tops[part]
    return None


def _is_waste(context: Context, path: str) -> bool:
    folder, name = posixpath.split(path)
    data = _data()
    if matches_any(name, data.always):
        return True
    manifests = [manifest for manifest, made in data.beside.items() if name in made]
    top = folder + "/" if folder else ""
    for manifest in manifests:
        if top + manifest in context.files or (
            "*" in manifest
            and any(matches(item[len(top) :], manifest) for item in context.files if item.startswith(top))
        ):
            return True
    return False


def _size(count: int) -> str:
    if count >= 1_000_000:
        return f"{count / 1e6:.1f} MB"
    return f"{count / 1e3:.0f} kB" if count >= 1000 else f"{count} bytes"


@cache
def _data() -> _ContextData:
    data = tables.table("lint/catalogue/data/context.toml")
    made = ({name: tuple(names) for name, names in data[kind].items()} for kind in ("beside", "expected"))
    return _ContextData(tuple(data["always"]["names"]), *made)
