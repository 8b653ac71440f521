"""Which paths of the context the steps of a build see: what the builder hashes of it for their keys.

CopySource: BuildKit, cache/contenthash/checksum.go (`includedPaths`, `shouldIncludePath`) and solver/llbsolver/ops (file.go, exec.go).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct, field

from dockerlint.lint.context.dockerignore import BELOW, Ignore, clean_path, glob_to_regex
from dockerlint.lint.syntax import nodes

from .build_graph import HOLE, Origin, is_true, with_holes
from .copy_cost import GLOB

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.context.build_context import Context

    from .build_graph import BuildGraph, CopySource, Step

PIVOT = "/./"


class Sight(Struct, frozen=True):
    """What one source of a step sees: all from `top` on, `depth` folders down, that is included and not excluded there."""

    top: re.Pattern[str]
    depth: int
    include: Ignore | None = None
    exclude: Ignore | None = None

    def sees(self, path: str) -> bool:
        """Whether the key of the step depends on a path of the context that .dockerignore lets through."""
        if not self.top.match(path):
            return False
        if self.include is None and self.exclude is None:
            return True
        inside = "/".join(path.split("/")[self.depth :])
        if self.include is not None and not self.include.matches(inside):
            return False
        # what a source names itself is there whatever is excluded
        return not (self.exclude is not None and inside and self.exclude.matches(inside))


class Sights(Struct):
    """The sources of a build's steps that are in the context, and for each path the numbers of those that see it."""

    sources: dict[tuple[int, CopySource], int]
    sights: tuple[tuple[Sight, ...], ...]
    _seen: dict[str, frozenset[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, graph: BuildGraph, context: Context) -> Sights:
        """The sights of all steps; sources that see the same have one number."""
        numbers: dict[tuple[Sight, ...], int] = {}
        sources = {
            (step.number, source): numbers.setdefault(tuple(_sights(step, source, context)), len(numbers))
            for step in graph.steps
            for source in step.sources
            if source.origin is Origin.CONTEXT
        }
        return cls(sources, tuple(numbers))

    def see(self, path: str) -> frozenset[int]:
        """The numbers of the sources that see a path."""
        if path not in self._seen:
            self._seen[path] = frozenset(
                number for number, sights in enumerate(self.sights) if any(sight.sees(path) for sight in sights)
            )
        return self._seen[path]


def _sights(step: Step, source: CopySource, context: Context) -> Iterator[Sight]:
    """What a source sees: the path or pattern itself, and where links lead that it names."""
    if source.pattern is None:
        # nobody knows which files: it may be any
        yield _sight("", is_glob=False)
        return
    if HOLE in source.pattern:
        yield Sight(with_holes(source.pattern), 0)
        return
    if not isinstance(step.node, nodes.Copy):
        for path in dict.fromkeys((clean_path(source.pattern), context.follow(source.pattern))):
            yield _sight(path, is_glob=False)
        return
    pattern, include = source.pattern, None
    if is_true(step.node.flag("parents")):
        # what stands behind the pivot is looked for below what stands before it
        above, pivot, below = source.pattern.partition(PIVOT)
        pattern = above if pivot else ""
        include = Ignore.of([clean_path(below if pivot else above) or "**"])
    excluded = [flag.value or "" for flag in step.node.flags if flag.name == "exclude"]
    exclude = Ignore.of(excluded) if excluded else None
    for path, is_glob in _led(pattern, context):
        yield _sight(path, is_glob=is_glob, include=include, exclude=exclude)


def _led(pattern: str, context: Context) -> Iterator[tuple[str, bool]]:
    """A source and the places that it leads to through links, and whether wildcards are meant there."""
    clean = clean_path(pattern)
    if not GLOB.search(clean):
        yield from dict.fromkeys(((clean, False), (context.follow(clean), False)))
        return
    parts = clean.split("/")
    plain = next(number for number, part in enumerate(parts) if GLOB.search(part))
    folder = "/".join(parts[:plain])
    real = context.follow(folder)
    yield from dict.fromkeys(("/".join([*filter(None, [start]), *parts[plain:]]), True) for start in (folder, real))
    for path in context.find("/".join([*filter(None, [real]), *parts[plain:]])):
        # a wildcard does not look behind links
        above = path.rpartition("/")[0]
        if context.follow(above) == above and (led := context.follow(path)) != path:
            yield led, False


def _sight(path: str, *, is_glob: bool, include: Ignore | None = None, exclude: Ignore | None = None) -> Sight:
    depth = path.count("/") + 1 if path else 0
    if not path:
        return Sight(re.compile(""), depth, include, exclude)
    try:
        top = re.compile((glob_to_regex(path, deep=False) if is_glob else re.escape(path)) + BELOW, re.DOTALL)
    except re.error:
        # the builder refuses it too, so no step ever reads by it
        top = re.compile(r"(?!)")
    return Sight(top, depth, include, exclude)
