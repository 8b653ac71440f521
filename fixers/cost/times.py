"""Seconds: of a step, and of a build in which some steps run again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from .figures import ZERO, Amount, longest, share, transfer
from .managers import amount

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from .graph import BuildGraph
    from .sizes import StepSizes
    from .work import Work


class Mounts(Enum):
    """What cache mounts hold: nothing, what the step needs, or most of it."""

    EMPTY = "empty"
    FILLED = "filled"
    OUTDATED = "outdated"


@dataclass(frozen=True, slots=True)
class StepTimes:
    """Seconds to run a step: with empty cache mounts, with filled ones, and with those of other versions of the packages."""

    cold: Amount
    warm: Amount
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


def times(rows: Sequence[StepSizes], network: Amount | None = None) -> tuple[StepTimes, ...]:
    """The seconds of each step; `network` is the rate of downloads in bytes a second, the stated default when None."""
    rate = network or amount("network.rate")
    return tuple(_times(row.work, rate) for row in rows)


def _times(work: Work, rate: Amount) -> StepTimes:
    download, saved = transfer(work.download, rate), transfer(work.download_warm, rate)
    cold, warm = work.seconds + download, work.warm + saved
    if work.download == work.download_warm:
        return StepTimes(cold, warm, warm)
    return StepTimes(cold, warm, warm + transfer(share(work.download, amount("update.share")), rate))


def build_time(graph: BuildGraph, steps: Sequence[StepTimes], again: Collection[int], mounts: Mounts) -> Amount:
    """Seconds until the target is there: the longest way through the steps that run again; stages run side by side."""
    done: list[Amount] = []
    for step in graph.steps:
        own = steps[step.number].of(mounts)
        before = [step.parent, *(source.step for source in step.sources)]
        start = longest(done[number] for number in before if number is not None)
        done.append(start + own if step.number in again else start)
    result = done[graph.last] if graph.last is not None else ZERO
    return amount("build.start") + result
