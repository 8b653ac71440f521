"""Measured figures by the words of the steps they are of, so that they outlive edits of other steps."""

from __future__ import annotations

from collections import defaultdict
from hashlib import sha256
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct

from dockerlint.fixers.cost.build_graph import BuildGraph

from . import step_match
from .measured_row import NOTHING, Figures

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from dockerlint.fixers.cost.build_graph import Step
    from dockerlint.lint.analysis.facts import Facts

    from .measured_row import Row

KEY = 16
T = TypeVar("T")


class Measurements(Struct, frozen=True):
    """Keys and figures of all steps of a build, in its order; figures may be empty.

    A key is made of a step's words and of the image that its stage starts from, not of the steps before it.
    """

    entries: tuple[tuple[str, Figures], ...]

    @classmethod
    def of(cls, figures: Mapping[int, Figures], facts: Facts) -> Measurements:
        """Figures by step number, of the build of `facts`."""
        graph = BuildGraph.of(facts)
        return cls(tuple((_key(step, graph, facts), figures.get(step.number, NOTHING)) for step in graph.steps))

    @classmethod
    def of_image(cls, rows: Sequence[Row], facts: Facts) -> Measurements:
        """What the history of an image says of the build of `facts`; oldest row first."""
        return cls.of(step_match.of_image(rows, BuildGraph.of(facts), facts), facts)

    @classmethod
    def of_log(cls, rows: Sequence[Row], facts: Facts) -> Measurements:
        """What the log of a build says of the build of `facts`."""
        return cls.of(step_match.of_log(rows, BuildGraph.of(facts), facts), facts)

    @property
    def count(self) -> int:
        """How many steps have any figure."""
        return sum(figures.is_known for _, figures in self.entries)

    def on(self, graph: BuildGraph, facts: Facts) -> dict[int, Figures]:
        """The figures of the steps of a build, by number; those that are the same as when it was measured.

        Steps with the same key get theirs in order, and none when there are more or less of them by now.
        """
        mine = _grouped(self.entries)
        steps = _grouped((_key(step, graph, facts), step) for step in graph.steps)
        found: dict[int, Figures] = {}
        for key, members in steps.items():
            known = mine.get(key, [])
            if members[0].is_pull:
                # every pull of an image is the same
                known = known[:1] * len(members)
            if len(known) == len(members):
                found |= {step.number: item for step, item in zip(members, known, strict=True) if item.is_known}
        return found

    def keys(self, facts: Facts) -> frozenset[str]:
        """The keys of the steps of a build of which there are figures."""
        graph = BuildGraph.of(facts)
        return frozenset(_key(graph.steps[number], graph, facts) for number in self.on(graph, facts))

    def only(self, keys: Collection[str]) -> Measurements:
        """The figures under some keys, and none under the others."""
        return Measurements(tuple((key, figures if key in keys else NOTHING) for key, figures in self.entries))

    def over(self, older: Measurements, facts: Facts) -> Measurements:
        """These, and others where they have none, both on the build of `facts`."""
        graph = BuildGraph.of(facts)
        mine, others = self.on(graph, facts), older.on(graph, facts)
        both = {
            number: mine.get(number, NOTHING).over(others.get(number, NOTHING))
            for number in mine.keys() | others.keys()
        }
        return Measurements.of(both, facts)


def _grouped(pairs: Iterable[tuple[str, T]]) -> dict[str, list[T]]:
    found: dict[str, list[T]] = defaultdict(list)
    for key, item in pairs:
        found[key].append(item)
    return found


def _key(step: Step, graph: BuildGraph, facts: Facts) -> str:
    *_, root = graph.chain(step.number)
    lineage = root.image if root.is_pull else "scratch"
    words = step_match.text(step, facts)
    return sha256(f"{lineage}\0{words}".encode("utf-8", "surrogateescape")).hexdigest()[:KEY]
