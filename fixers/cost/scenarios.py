"""The standing scenarios: what changed since the last build, how likely that is, and what it costs."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from dockerlint.lint.catalogue import tables

from .bounded import Amount, total
from .build_graph import Origin
from .cache_keys import ContextChange, rerun
from .copy_selections import DEPENDENCY, SOURCE, SourceEdit
from .step_times import Mounts, build_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .build_graph import BuildGraph
    from .copy_selections import Selections
    from .step_sizes import StepSizes
    from .step_times import StepTimes

DATA = "fixers/cost/data/scenarios.toml"
# More edits than these are not told apart one by one: a file of thousands of COPYs would take hours.
MOST_EDITS = 50


class Scenario(Struct, frozen=True):
    """Something that may have changed since the last build."""

    # such as `source edit`
    name: str
    # its share of all builds, 0 to 1
    weight: float
    # the kind of files that were edited: SOURCE, DEPENDENCY, or "" when none were
    touches: str
    # whether base images have moved
    bases: bool
    # whether the build cache is empty
    empty: bool

    @property
    def mounts(self) -> Mounts:
        """What cache mounts hold by then; those of another set of packages hold most of what is needed."""
        if self.empty:
            return Mounts.EMPTY
        return Mounts.OUTDATED if self.touches == DEPENDENCY else Mounts.FILLED


class ScenarioOutcome(Struct, frozen=True):
    """What a scenario costs."""

    # the scenario
    scenario: Scenario
    # the numbers of the steps that run again, after an edit of some files at least
    again: frozenset[int]
    # of the build, averaged over the files that may be the edited one
    seconds: Amount
    # bytes to push, compressed, averaged in the same way
    pushed: Amount
    # the numbers of the steps that run again together, each set with its share of the scenario, 0 to 1
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


def _some(edits: Sequence[SourceEdit]) -> Sequence[SourceEdit]:
    """The edits, or as many of them as MOST_EDITS, evenly from all, with the shares of all: each is played over all steps."""
    if len(edits) <= MOST_EDITS:
        return edits
    chosen = [edits[at * len(edits) // MOST_EDITS] for at in range(MOST_EDITS)]
    factor = sum(item.share for item in edits) / sum(item.share for item in chosen)
    return [replace(item, share=item.share * factor) for item in chosen]


def play(
    graph: BuildGraph, rows: Sequence[StepSizes], steps: Sequence[StepTimes], selections: Selections
) -> tuple[ScenarioOutcome, ...]:
    """The outcome of each standing scenario."""

    patterns = [source.pattern for step in graph.steps for source in step.sources if source.origin is Origin.CONTEXT]
    every = selections.edits(patterns, folder_files())
    edits = _some(every)
    edited = frozenset().union(*(item.patterns for item in every))

    def change(scenario: Scenario, seen: frozenset[str | None]) -> ContextChange:
        return ContextChange(lambda _, source: source.pattern in seen, bases=scenario.bases, all=scenario.empty)

    def outcome(scenario: Scenario) -> ScenarioOutcome:
        cases: list[tuple[float, frozenset[int]]] = []
        if scenario.touches == SOURCE and edits:
            cases = [(item.share, rerun(graph, change(scenario, item.patterns))) for item in edits]
            seen = edited
        else:
            seen = frozenset(item for item in patterns if scenario.touches in selections.kinds(item))
        # what runs again after one change or another is what runs again after all of them
        steps_again = rerun(graph, change(scenario, seen))
        cases = cases or [(1.0, steps_again)]
        return ScenarioOutcome(
            scenario,
            steps_again,
            total(build_time(graph, steps, again, scenario.mounts) * share for share, again in cases),
            total(total(rows[number].ships for number in sorted(again)) * share for share, again in cases),
            tuple(cases),
        )

    return tuple(outcome(scenario) for scenario in standing())
