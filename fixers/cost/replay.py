"""What the commits of a history would have rebuilt, had the Dockerfile always been as it is."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from .bounded import Amount, total
from .cache_keys import ContextChange, rerun
from .changed_steps import Versions
from .context_visibility import Sights
from .copy_selections import DEPENDENCY, SOURCE, is_dependency
from .step_times import Mounts, build_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.context.commit_history import Commit, History

    from .build_graph import BuildGraph, CopySource, Step
    from .scenarios import Scenario, ScenarioOutcome
    from .step_sizes import StepSizes
    from .step_times import StepTimes

GIT = ".git/"


class CommitCost(Struct, frozen=True):
    """The build of one commit, with the cache that the build of the commit before it leaves."""

    # the commit's hash
    commit: str
    # ISO 8601
    date: str
    # the numbers of the steps that run again
    again: frozenset[int]
    # of the build
    seconds: Amount
    # bytes to push, compressed
    pushed: Amount
    # the kind of change: DEPENDENCY, SOURCE, or "" when no step sees it
    kind: str


class Replay(Struct, frozen=True):
    """What the builds of a history of commits would have cost."""

    # how many there are
    commits: int
    # how many steps run again, in all builds together
    rebuilt_steps: int
    # how many steps come from the cache, in all builds together
    cached_steps: int
    # of all builds together
    seconds: Amount
    # bytes to push, compressed, of all builds together
    pushed: Amount
    # the commits, the oldest first
    each: tuple[CommitCost, ...]
    # the same with the safe fixes made; None when there are none or that was not asked for
    fixed: Replay | None = None
    # whether a step copies git's own files, so that each commit runs it again
    sees_git: bool = False

    @property
    def since(self) -> str:
        """The date of the oldest commit, ISO 8601."""
        return self.each[0].date


class _Case(Struct, frozen=True):
    """What tells the builds of commits apart."""

    # numbers of the sources of steps that changed (Sights)
    seen: frozenset[int]
    # the numbers of the steps whose own instruction changed
    keys: frozenset[int]
    # as of CommitCost
    kind: str


def replay(
    graph: BuildGraph, rows: Sequence[StepSizes], steps: Sequence[StepTimes], facts: Facts, history: History
) -> Replay:
    """Builds each commit of the history of the context of `facts`, with the cache that the one before it has left.

    Steps take what they take today: of older versions of the context's files nobody knows more.
    """
    assert facts.context is not None
    sights = Sights.of(graph, facts.context)
    versions = Versions.of(facts)
    known: dict[_Case, CommitCost] = {}
    cases = [_case(commit, sights, versions) for commit in history.commits]
    each = []
    for commit, case in zip(history.commits, cases, strict=True):
        if case not in known:
            known[case] = _cost(case, graph, rows, steps, sights)
        each.append(replace(known[case], commit=commit.id, date=commit.date))
    rebuilt = sum(len(item.again) for item in each)
    # one sum for all that are alike
    alike = [(known[case], count) for case, count in Counter(cases).items()]
    return Replay(
        len(each),
        rebuilt,
        len(each) * len(graph.steps) - rebuilt,
        total(item.seconds * count for item, count in alike),
        total(item.pushed * count for item, count in alike),
        tuple(each),
        sees_git=any(path.startswith(GIT) and sights.see(path) for commit in history.commits for path in commit.paths),
    )


def _case(commit: Commit, sights: Sights, versions: Versions) -> _Case:
    seen = {path: found for path in commit.paths if (found := sights.see(path))}
    keys = versions.changed(*commit.dockerfile) if commit.dockerfile else frozenset()
    kind = SOURCE if seen or keys else ""
    if any(is_dependency(path) for path in seen):
        kind = DEPENDENCY
    return _Case(frozenset().union(*seen.values()), keys, kind)


def _cost(
    case: _Case, graph: BuildGraph, rows: Sequence[StepSizes], steps: Sequence[StepTimes], sights: Sights
) -> CommitCost:
    def touched(step: Step, source: CopySource) -> bool:
        return sights.sources[step.number, source] in case.seen

    again = rerun(graph, ContextChange(touched, case.keys))
    mounts = Mounts.OUTDATED if case.kind == DEPENDENCY else Mounts.FILLED
    pushed = total(rows[number].ships for number in sorted(again))
    return CommitCost("", "", again, build_time(graph, steps, again, mounts), pushed, case.kind)


def weighted(outcomes: Sequence[ScenarioOutcome], found: Replay) -> tuple[ScenarioOutcome, ...]:
    """The scenarios with the shares of all builds that they have by what the commits were.

    A history knows neither of moved base images nor of lost caches: these keep their stated shares.
    """
    kinds = Counter(item.kind for item in found.each)
    rest = sum(item.scenario.weight for item in outcomes if not _is_outside(item.scenario))

    def weigh(scenario: Scenario) -> Scenario:
        if _is_outside(scenario):
            return scenario
        return replace(scenario, weight=rest * kinds[scenario.touches] / found.commits)

    return tuple(replace(item, scenario=weigh(item.scenario)) for item in outcomes)


def _is_outside(scenario: Scenario) -> bool:
    return scenario.bases or scenario.empty
