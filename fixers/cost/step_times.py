"""Seconds: of a step, and of a build in which some steps run again."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from msgspec import Struct

from .bounded import ZERO, Amount, longest, scaled, share, transfer
from .tool_figures import amount

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from .build_graph import BuildGraph
    from .measured import Figures
    from .run_work import RunWork
    from .step_sizes import StepSizes


class Mounts(Enum):
    """What cache mounts hold: nothing, what the step needs, or most of it."""

    EMPTY = "empty"
    FILLED = "filled"
    OUTDATED = "outdated"


class StepTimes(Struct, frozen=True):
    """Seconds to run a step, by what its cache mounts hold."""

    # nothing
    cold: Amount
    # what it needs
    warm: Amount
    # other versions of the packages that it needs
    updated: Amount

    def of(self, mounts: Mounts) -> Amount:
        """The seconds by what the cache mounts hold."""
        match mounts:
            case Mounts.EMPTY:
                return self.cold
            case Mounts.FILLED:
                return self.warm
            case Mounts.OUTDATED:
                return self.updated


def times(rows: Sequence[StepSizes], network: Amount | None = None, machine: float = 1.0) -> tuple[StepTimes, ...]:
    """The seconds of each step.

    `network` is the rate of downloads in bytes a second, the stated default when None; `machine` is how many times as
    fast as the machine of the figures (`bench/rates.md`) all else is done.
    """
    rate = network or amount("network.rate")
    return tuple(_times(row.work, rate, 1 / machine) for row in rows)


def _times(work: RunWork, rate: Amount, slowness: float) -> StepTimes:
    download, saved = transfer(work.download, rate), transfer(work.download_warm, rate)
    cold, warm = work.seconds * slowness + download, work.warm * slowness + saved
    if work.download == work.download_warm:
        return StepTimes(cold, warm, warm)
    return StepTimes(cold, warm, warm + transfer(share(work.download, amount("update.share")), rate))


def measured_times(steps: Sequence[StepTimes], figures: Mapping[int, Figures]) -> tuple[StepTimes, ...]:
    """The seconds of each step, measured where they are.

    What was measured is taken for a build with empty cache mounts; what filled ones save keeps its proportion.
    """
    return tuple(
        _measured(step, seconds) if (seconds := _seconds(figures.get(number))) is not None else step
        for number, step in enumerate(steps)
    )


def _seconds(figures: Figures | None) -> Amount | None:
    return figures.seconds if figures is not None else None


def _measured(step: StepTimes, seconds: Amount) -> StepTimes:
    others = (
        seconds if of == step.cold or not of.is_complete else scaled(of, step.cold, seconds)
        for of in (step.warm, step.updated)
    )
    return StepTimes(seconds, *others)


def build_time(graph: BuildGraph, steps: Sequence[StepTimes], again: Collection[int], mounts: Mounts) -> Amount:
    """Seconds until the target is there: the longest way through the steps that run again; stages run side by side."""
    done = ends(graph, steps, again, mounts)
    result = done[graph.last] if graph.last is not None else ZERO
    return amount("build.start") + result


def ends(graph: BuildGraph, steps: Sequence[StepTimes], again: Collection[int], mounts: Mounts) -> list[Amount]:
    """Seconds from the first step's start to the end of each step; one from the cache ends with what it waits for."""
    done: list[Amount] = []
    for step in graph.steps:
        own = steps[step.number].of(mounts)
        start = longest(done[number] for number in step.waits_for)
        done.append(start + own if step.number in again else start)
    return done
