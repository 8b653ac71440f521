"""The order of steps with the least expected rebuild time; numbers only, nothing of Dockerfiles.

A set of items is a bit mask: bit `i` stands for the item that is at place `i` in the author's order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# How many items, and down-sets of the relation, are looked at before the search makes do with a good order.
MOST_ITEMS, MOST_SETS = 40, 5_000
# Seconds times a probability are counted in whole units of this size, so that equal orders are equal.
UNIT = 1e-6
MOST_ROUNDS = 50


class Case(Struct, frozen=True):
    """Something that may have changed before a build. All items from the first changed one on run again."""

    # its probability, 0 to 1
    chance: float
    # the items that it changes, as a mask
    changed: int
    # how long each item takes when it runs again
    seconds: tuple[float, ...]


def cost(order: Sequence[int], cases: Sequence[Case]) -> float:
    """The expected seconds of a build in which the items stand in this order."""
    return sum(_units(order, case) for case in cases) * UNIT


def best_order(before: Sequence[int], cases: Sequence[Case]) -> tuple[int, ...]:
    """The cheapest order in which every item `i` comes after those in the mask `before[i]`.

    Among equal ones it is the one with the fewest pairs that change places, so the author's order stays where nothing is
    to be won. It is the best of all up to MOST_ITEMS and MOST_SETS, beyond that the best that single moves lead to.
    """
    exact = _exact(before, cases) if len(before) <= MOST_ITEMS else None
    return _improved(before, cases) if exact is None else exact


def _units(order: Sequence[int], case: Case) -> int:
    again, spent = False, 0
    for item in order:
        again = again or bool(case.changed >> item & 1)
        spent += _weighed(case, item) if again else 0
    return spent


def _weighed(case: Case, item: int) -> int:
    return round(case.chance * case.seconds[item] / UNIT)


class _Reached(Struct, frozen=True):
    """The cheapest way to a down-set."""

    # its cost, in units of UNIT seconds
    spent: int
    # how many pairs of items are not in the author's order
    swapped: int
    # the item that was put last; -1 for the empty set
    last: int


def _exact(before: Sequence[int], cases: Sequence[Case]) -> tuple[int, ...] | None:
    """Dynamic programming over the down-sets, by size; None when there are too many of them."""
    count = len(before)
    weights = [[_weighed(case, item) for item in range(count)] for case in cases]
    levels: list[dict[int, _Reached]] = [{0: _Reached(0, 0, -1)}]
    sets = 0
    for _ in range(count):
        following: dict[int, _Reached] = {}
        for placed, way in levels[-1].items():
            for item in _next(placed, before):
                reached = placed | 1 << item
                again = (row[item] for row, case in zip(weights, cases, strict=True) if case.changed & reached)
                later = ~placed & ((1 << item) - 1)
                found = _Reached(way.spent + sum(again), way.swapped + later.bit_count(), item)
                known = following.get(reached)
                if known is None or (found.spent, found.swapped, found.last) < (known.spent, known.swapped, known.last):
                    following[reached] = found
        sets += len(following)
        if sets > MOST_SETS:
            return None
        levels.append(following)
    order = []
    placed = (1 << count) - 1
    for level in reversed(levels[1:]):
        item = level[placed].last
        order.append(item)
        placed &= ~(1 << item)
    return tuple(reversed(order))


def _next(placed: int, before: Sequence[int]) -> Iterator[int]:
    for item, needed in enumerate(before):
        if not placed >> item & 1 and needed & ~placed == 0:
            yield item


def _improved(before: Sequence[int], cases: Sequence[Case]) -> tuple[int, ...]:
    """From the author's order, one item after the other to its best place further down, until none moves."""
    order = list(range(len(before)))
    search = _Search(before, cases)
    for _ in range(MOST_ROUNDS):
        # all of them are tried in each round
        if not sum(search.settle(order, item) for item in reversed(range(len(before)))):
            break
    return tuple(order)


class _Search:
    """Moves single items."""

    def __init__(self, before: Sequence[int], cases: Sequence[Case]) -> None:
        count = len(before)
        # for each item a mask of those that must stay above it
        self._before = before
        # each case's mask of changed items, and the units that each item costs in it
        self._cases = [(case.changed, [_weighed(case, item) for item in range(count)]) for case in cases]
        # for each item the cases that change it
        self._of = [[case for case in self._cases if case[0] >> item & 1] for item in range(count)]

    def settle(self, order: list[int], item: int) -> bool:
        """Moves an item as far down as it is worth it, by adjacent swaps; whether it moved."""
        start = place = order.index(item)
        prefix = sum(1 << other for other in order[:start])
        gain = best = 0
        for at in range(start + 1, len(order)):
            other = order[at]
            if self._before[other] >> item & 1:
                break
            gain += self._gain(item, other, prefix)
            prefix |= 1 << other
            if gain > best:
                best, place = gain, at
        order.insert(place, order.pop(start))
        return place != start

    def _gain(self, item: int, other: int, prefix: int) -> int:
        """Units saved by having `other` before `item`, when those of `prefix` stand above both."""
        saved = sum(row[other] for changed, row in self._of[item] if not changed & (prefix | 1 << other))
        return saved - sum(row[item] for changed, row in self._of[other] if not changed & (prefix | 1 << item))
