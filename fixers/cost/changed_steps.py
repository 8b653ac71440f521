"""Which steps a commit made anew by changing the Dockerfile itself."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from msgspec import Struct, field

from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.context.dockerignore import clean_path
from dockerlint.lint.syntax.parser import parse

from .build_graph import BuildGraph, Origin
from .cache_keys import own_keys

if TYPE_CHECKING:
    from collections.abc import Hashable

    from .build_graph import CopySource


class Version(Struct, frozen=True):
    """A text of the Dockerfile: its steps, what of each one's key is in the text, and its words; a pull's are all alike."""

    graph: BuildGraph
    own: tuple[Hashable, ...]
    words: tuple[str, ...]

    @classmethod
    def of(cls, facts: Facts) -> Version:
        """The steps of a file as its target needs them."""
        graph = BuildGraph.of(facts)
        texts = ("FROM" if step.is_pull else facts.doc.source(step.node.span) for step in graph.steps)
        return cls(graph, own_keys(graph, facts, spelled=False), tuple(" ".join(text.split()) for text in texts))


class Versions(Struct):
    """The texts that a Dockerfile has had, each read once; `now` is the one whose steps are wanted."""

    facts: Facts
    now: Version
    _known: dict[str, Version] = field(default_factory=dict)

    @classmethod
    def of(cls, facts: Facts) -> Versions:
        """The versions of the file that `facts` are of; older ones are built with the same target and arguments."""
        return cls(facts, Version.of(facts))

    def changed(self, before: str, after: str) -> frozenset[int]:
        """The steps of today in whose place a change of the text has put steps that the cache did not have."""
        new = self._version(after)
        return _today(new, self.now, _fresh(self._version(before), new))

    def _version(self, text: str) -> Version:
        if text not in self._known:
            self._known[text] = Version.of(Facts(parse(text), self.facts.context, self.facts.settings))
        return self._known[text]


def _fresh(before: Version, after: Version) -> list[int]:
    """The steps of `after` that no build of `before` has left in the cache, but for those that only stand on such a step."""
    numbers: dict[Hashable, int] = {}
    there = frozenset(_keys(before, numbers))
    keys = _keys(after, numbers)
    moved: set[int] = set()
    roots: list[int] = []
    for step in after.graph.steps:
        below = step.parent in moved
        if keys[step.number] not in there:
            moved.add(step.number)
            if not (below and not step.is_linked) and not any(source.step in moved for source in step.sources):
                roots.append(step.number)
        elif below:
            # a linked copy may be in the cache while what stands on it and on what lies below is not
            moved.add(step.number)
    return roots


def _keys(version: Version, numbers: dict[Hashable, int]) -> list[int]:
    """The key of each step that the builder looks it up by; equal keys of all versions have one number."""

    def number(*parts: Hashable) -> int:
        return numbers.setdefault(parts, len(numbers))

    keys: list[int] = []
    results: list[int] = []
    for step in version.graph.steps:
        below = None if step.parent is None else results[step.parent]
        reads = tuple(_read(source, results) for source in step.sources)
        key = number(version.own[step.number], reads, None if step.is_linked else below)
        keys.append(key)
        results.append(number(key, below) if step.is_linked else key)
    return keys


def _read(source: CopySource, results: list[int]) -> Hashable:
    if source.step is not None:
        return results[source.step]
    if source.origin is Origin.CONTEXT and source.pattern is not None:
        return clean_path(source.pattern)
    return source.origin, source.pattern


def _today(then: Version, now: Version, steps: list[int]) -> frozenset[int]:
    """The steps of `now` that stand where these steps of `then` stood."""
    if not steps:
        return frozenset()
    places: dict[int, int] = {}
    for _, start, end, other, other_end in SequenceMatcher(None, then.words, now.words, autojunk=False).get_opcodes():
        for at in range(start, end):
            # of a step that is gone by now, the next one: it stands on another one than before
            places[at] = min(other + at - start, max(other_end - 1, other))
    there = ((then.graph.steps[at], now.graph.steps[places[at]]) for at in steps if places[at] < len(now.words))
    # nothing but a pull stands in for a pull
    return frozenset(other.number for step, other in there if step.is_pull == other.is_pull)
