"""The standing scenarios: what changed since the last build, how likely that is, and what it costs."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dockerlint.lint import tables

from .figures import Amount, total
from .graph import Origin
from .invalidation import Change, rerun
from .selections import DEPENDENCY, SOURCE
from .times import Mounts, build_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .graph import BuildGraph
    from .selections import Selections
    from .sizes import StepSizes
    from .times import StepTimes

DATA = "fixers/cost/data/scenarios.toml"


class Scenario(Struct, frozen=True):
    """A kind of change: what of the context is touched, whether images moved, whether the cache is empty, and its weight."""

    name: str
    weight: float
    touches: str
    bases: bool
    empty: bool

    @property
    def mounts(self) -> Mounts:
        """What cache mounts hold by then; those of another set of packages hold most of what is needed."""
        if self.empty:
            return Mounts.EMPTY
        return Mounts.OUTDATED if self.touches == DEPENDENCY else Mounts.FILLED


class Outcome(Struct, frozen=True):
    """What a scenario costs: seconds of the build, bytes to push, both averaged over the files that may be the edited one.

    `again` are the steps that run again, be it after an edit of some files only; `cases` are the steps that run again
    together, each with its share.
    """

    scenario: Scenario
    again: frozenset[int]
    seconds: Amount
    pushed: Amount
    cases: tuple[tuple[float, frozenset[int]], ...]

    @property
    def likeliest(self) -> tuple[float, frozenset[int]]:
        """The steps that most often run again together, and the share of that."""
        shares: dict[frozenset[int], float] = {}
        for share, again in self.cases:
            shares[again] = shares.get(again, 0.0) + share
        again = max(shares, key=shares.__getitem__)
        return shares[again], again


@cache
def folder_files() -> float:
    """How many source files a folder stands for when nobody knows its files."""
    return float(_data()["folder_files"])


@cache
def _data() -> dict[str, Any]:
    return tables.table(DATA)


@cache
def standing() -> tuple[Scenario, ...]:
    """The five standing scenarios in their order, with the stated default weights."""
    return tuple(
        Scenario(
            item["name"],
            item["weight"],
            item.get("touches", ""),
            item.get("base_moved", False),
            item.get("empty_cache", False),
        )
        for item in _data()["scenario"]
    )


def play(
    graph: BuildGraph, rows: Sequence[StepSizes], steps: Sequence[StepTimes], selections: Selections
) -> tuple[Outcome, ...]:
    """The outcome of each standing scenario."""

    patterns = [source.pattern for step in graph.steps for source in step.sources if source.origin is Origin.CONTEXT]
    edits = selections.edits(patterns, folder_files())

    def change(scenario: Scenario, seen: frozenset[str | None]) -> Change:
        return Change(lambda _, source: source.pattern in seen, bases=scenario.bases, all=scenario.empty)

    def outcome(scenario: Scenario) -> Outcome:
        if scenario.touches == SOURCE and edits:
            cases = [(item.share, rerun(graph, change(scenario, item.patterns))) for item in edits]
        else:
            seen = frozenset(item for item in patterns if scenario.touches in selections.kinds(item))
            cases = [(1.0, rerun(graph, change(scenario, seen)))]
        return Outcome(
            scenario,
            frozenset().union(*(again for _, again in cases)),
            total(build_time(graph, steps, again, scenario.mounts) * share for share, again in cases),
            total(total(rows[number].ships for number in sorted(again)) * share for share, again in cases),
            tuple(cases),
        )

    return tuple(outcome(scenario) for scenario in standing())
