"""The cheapest order, held against all orders there are."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dockerlint.fixers.order import optimal
from dockerlint.fixers.order.optimal import Case, best_order, cost

MOST = 6
SECONDS = st.integers(0, 40).map(lambda quarter: quarter / 4)


@st.composite
def problems(draw: st.DrawFn) -> tuple[list[int], list[Case]]:
    count = draw(st.integers(1, MOST))
    before = [draw(st.integers(0, (1 << item) - 1)) for item in range(count)]
    chances = st.integers(0, 8).map(lambda eighth: eighth / 8)
    case = st.builds(Case, chances, st.integers(0, (1 << count) - 1), st.tuples(*[SECONDS] * count))
    return before, draw(st.lists(case, max_size=4))


def extensions(before: list[int]) -> list[tuple[int, ...]]:
    """All orders that keep the relation, by trying every permutation."""
    found = []
    for order in permutations(range(len(before))):
        places = {item: place for place, item in enumerate(order)}
        if all(places[other] < places[item] for item in order for other in order if before[item] >> other & 1):
            found.append(order)
    return found


def swapped(order: tuple[int, ...]) -> int:
    return sum(one > other for at, one in enumerate(order) for other in order[at + 1 :])


@given(problems())
@settings(max_examples=150, deadline=None)
def test_none_is_cheaper(problem: tuple[list[int], list[Case]]) -> None:
    before, cases = problem
    every = extensions(before)
    best = best_order(before, cases)
    assert best in every
    least = min((cost(order, cases), swapped(order)) for order in every)
    assert (cost(best, cases), swapped(best)) == least


def test_seven_items() -> None:
    cases = [Case(0.5, 1 << item, (3.0, 1, 4, 1, 5, 9, 2)) for item in (0, 2, 3)] + [Case(0.1, 1 << 5, (1.0,) * 7)]
    before = [0, 1, 0, 0b100, 0, 0b1000, 0]
    assert cost(best_order(before, cases), cases) == min(cost(order, cases) for order in extensions(before))


@given(problems())
@settings(max_examples=100, deadline=None)
def test_the_best_order_stays(problem: tuple[list[int], list[Case]]) -> None:
    before, cases = problem
    best = best_order(before, cases)
    place = {item: number for number, item in enumerate(best)}
    moved = [0] * len(best)
    for item, mask in enumerate(before):
        moved[place[item]] = sum(1 << place[other] for other in range(len(before)) if mask >> other & 1)
    again = [
        Case(
            case.chance,
            sum(1 << place[item] for item in place if case.changed >> item & 1),
            tuple(case.seconds[item] for item in best),
        )
        for case in cases
    ]
    assert best_order(moved, again) == tuple(range(len(best)))


@given(problems())
@settings(max_examples=100, deadline=None)
def test_single_moves_never_make_it_worse(problem: tuple[list[int], list[Case]]) -> None:
    before, cases = problem
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(optimal, "MOST_SETS", 0)
        order = best_order(before, cases)
    assert order in extensions(before)
    assert cost(order, cases) <= cost(tuple(range(len(before))), cases)


def test_single_moves_find_what_is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optimal, "MOST_SETS", 0)
    # two copies above two installs; the second install needs the second copy, which changes less often
    cases = [Case(0.7, 0b0001, (0, 0, 9, 9)), Case(0.1, 0b0010, (0, 0, 9, 9))]
    assert best_order([0, 0, 0, 0b0010], cases) == (2, 1, 3, 0)


def test_equal_orders_stay() -> None:
    assert best_order([0, 0, 0], [Case(0.7, 0b111, (1.0, 2.0, 3.0))]) == (0, 1, 2)
    assert best_order([0] * 3, []) == (0, 1, 2)
    assert best_order([], []) == ()


def test_what_takes_long_and_seldom_changes_stays_above() -> None:
    # a big copy above a cheap build of a source that changes often: below it, it would be copied for every edit
    cases = [Case(0.05, 0b001, (20.0, 0.1, 2.0)), Case(0.65, 0b010, (20.0, 0.1, 2.0))]
    assert best_order([0, 0, 0b010], cases) == (0, 1, 2)
    # when it changes as often, the build goes first
    cases = [Case(0.65, 0b001, (0.1, 0.1, 2.0)), Case(0.05, 0b010, (0.1, 0.1, 2.0))]
    assert best_order([0, 0, 0b010], cases) == (1, 2, 0)


def test_many_free_items_take_no_time() -> None:
    count = 200
    cases = [Case(0.7 / (count - 1), 1 << item, (0.0,) * (count - 1) + (9.0,)) for item in range(count - 1)]
    order = best_order([0] * count, cases)
    assert order[0] == count - 1
