"""What may have changed before a build, as the search for the best order of a stage's steps wants to know it."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dockerlint.fixers.cost.build_graph import BuildGraph, Origin
from dockerlint.fixers.cost.cache_keys import ContextChange, rerun
from dockerlint.fixers.cost.copy_selections import SOURCE, Selections
from dockerlint.fixers.cost.scenarios import folder_files, standing
from dockerlint.fixers.cost.step_sizes import sizes
from dockerlint.fixers.cost.step_times import times

from .optimal import Case

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dockerlint.fixers.cost.scenarios import Scenario
    from dockerlint.fixers.cost.step_times import StepTimes
    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Instruction, Stage

# Steps that take less than this many seconds are not told apart: the figures are not that good.
NOISE = 0.5
# In a file with more steps than this the estimate of each change takes too long.
MOST_STEPS = 300


class ChangeCases:
    """The changes that the stages of one file meet; the estimate is made once, when it is first asked for."""

    def __init__(self, facts: Facts) -> None:
        # the facts of the file
        self._facts = facts
        # which files of the context its COPYs select
        self._selections = Selections(facts.context)

    def cases(self, stage: Stage, items: Sequence[Instruction]) -> tuple[Case, ...] | None:
        """The changes that instructions of a stage, given in file order, meet: those that do not make all of them run again.

        None when the target does not need the stage, or the file is so big that nobody would wait for it.
        """
        if len(self._graph.steps) > MOST_STEPS:
            return None
        steps = {step.node.span.start: step for step in self._graph.steps if step.stage == stage.index and not step.is_pull}
        own = [steps.get(item.span.start) for item in items]
        first = next((step for step in own if step), None)
        if first is None:
            return None
        above = frozenset(step.number for step in self._graph.chain(first.parent))
        merged: dict[int, list[float]] = defaultdict(lambda: [0.0] * len(items))
        for scenario, chance, missed in self._missed:
            if not missed.isdisjoint(above):
                continue
            row = merged[sum(1 << place for place, step in enumerate(own) if step and step.number in missed)]
            for place, step in enumerate(own):
                seconds = self._times[step.number].of(scenario.mounts).mid if step else 0.0
                row[place] += chance * seconds if seconds >= NOISE else 0.0
        return tuple(Case(1.0, changed, tuple(row)) for changed, row in merged.items() if changed)

    @cached_property
    def _graph(self) -> BuildGraph:
        return BuildGraph.of(self._facts)

    @cached_property
    def _times(self) -> tuple[StepTimes, ...]:
        return times(sizes(self._graph, self._facts, self._selections))

    @cached_property
    def _missed(self) -> list[tuple[Scenario, float, frozenset[int]]]:
        """For each change how likely it is, and the steps that run again for what they themselves read."""
        alone = BuildGraph(tuple(replace(step, parent=None) for step in self._graph.steps), self._graph.last)
        return [(scenario, chance, rerun(alone, change)) for scenario, chance, change in _changes(self._graph, self._selections)]


def _changes(graph: BuildGraph, selections: Selections) -> Iterator[tuple[Scenario, float, ContextChange]]:
    """The standing scenarios, those of an edit one for each set of patterns that see the edited file."""
    patterns = [source.pattern for step in graph.steps for source in step.sources if source.origin is Origin.CONTEXT]
    for scenario in standing():
        if scenario.touches == SOURCE:
            edits = [(item.share, item.patterns) for item in selections.edits(patterns, folder_files())]
        else:
            edits = [(1.0, frozenset(item for item in patterns if scenario.touches in selections.kinds(item)))]
        for share, seen in edits:
            yield scenario, scenario.weight * share, _change(scenario, seen)


def _change(scenario: Scenario, seen: frozenset[str | None]) -> ContextChange:
    return ContextChange(lambda _, source: source.pattern in seen, bases=scenario.bases, all=scenario.empty)
