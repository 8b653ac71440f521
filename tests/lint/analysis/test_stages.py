"""The stage graph: who builds on whom, and what is copied from where."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockerlint.lint.analysis.stages import StageGraph
from dockerlint.lint.syntax.parser import parse

if TYPE_CHECKING:
    from dockerlint.lint.syntax.nodes import Stage


def graph(text: str, target: str | None = None) -> StageGraph:
    return StageGraph.of(parse(text), target)


CHAIN = """\
FROM debian AS base
FROM base AS Build
FROM alpine
COPY --from=BUILD /a /a
RUN --mount=type=bind,from=base,target=/b true
COPY --from=nginx /c /c
FROM busybox AS unused
COPY --from=2 /a /a
"""


@pytest.mark.parametrize(
    ("reference", "before", "index"),
    [
        ("base", 4, 0),
        ("BASE", 4, 0),
        ("build", 4, 1),
        ("0", 4, 0),
        ("2", 4, 2),
        ("2", 2, None),
        ("build", 1, None),
        ("nginx", 4, None),
        ("-1", 4, None),
        ("²", 4, None),
    ],
)
def test_find(reference: str, before: int, index: int | None) -> None:
    found = graph(CHAIN).find(reference, before)
    assert (found.index if found else None) == index


def test_of_equal_names_the_last_above_counts() -> None:
    stages = graph("FROM a AS x\nFROM b AS x\nFROM x\nFROM c AS x\n")
    parent = stages.parent(stages.stages[2])
    assert parent is stages.stages[1]


def test_a_stage_is_not_from_itself_nor_by_number() -> None:
    stages = graph("FROM debian AS debian\nFROM 0\n")
    assert stages.parent(stages.stages[0]) is None
    assert stages.parent(stages.stages[1]) is None


def test_sources() -> None:
    stages = graph(CHAIN)
    found = [(reference, stage and stage.index) for _, reference, stage in stages.sources(stages.stages[2])]
    assert found == [("BUILD", 1), ("base", 0), ("nginx", None)]


@pytest.mark.parametrize(
    ("target", "needed", "shipped"),
    [
        (None, {0, 1, 2, 3}, {3}),
        ("build", {0, 1}, {0, 1}),
        ("2", {0, 1, 2}, {2}),
        ("no-such-stage", {0, 1, 2, 3}, {3}),
    ],
)
def test_needed_and_shipped(target: str | None, needed: set[int], shipped: set[int]) -> None:
    stages = graph(CHAIN, target)
    assert stages.needed == needed
    assert stages.shipped == shipped


def test_base_and_children() -> None:
    stages = graph(CHAIN)
    assert stages.base(stages.stages[1]) == "debian"
    assert [stage.index for stage in stages.children(stages.stages[0])] == [1]


def test_no_stage_at_all() -> None:
    stages = graph("ARG A=1\n")
    assert stages.target is None
    assert stages.needed == stages.shipped == frozenset()


def test_a_long_line_of_stages() -> None:
    count = 3000
    stages = graph("FROM a AS s0\n" + "".join(f"FROM s{n} AS s{n + 1}\n" for n in range(count)))
    assert len(stages.lineage(stages.stages[-1])) == count + 1


NAMES = st.sampled_from(["a", "b", "A", "0", "1", "debian"])


@given(st.lists(st.tuples(NAMES, NAMES | st.none()), min_size=1, max_size=8), NAMES, st.integers(0, 9))
def test_stages_are_found_as_if_each_was_looked_at(froms: list[tuple[str, str | None]], reference: str, before: int) -> None:
    found = graph("".join(f"FROM {image}" + (f" AS {name}\n" if name else "\n") for image, name in froms))
    stages = found.stages

    def last(name: str, count: int) -> Stage | None:
        return next((stage for stage in reversed(stages[:count]) if stage.name == name), None)

    numbered = stages[int(reference)] if reference.isdecimal() and int(reference) < min(before, len(stages)) else None
    if before <= len(stages):
        assert found.find(reference, before) is (last(reference.lower(), before) or numbered)
    for stage in stages:
        assert found.parent(stage) is last(stage.from_.image.text, stage.index)
        assert found.base(stage) == found.lineage(stage)[-1].from_.image.text
        assert list(found.children(stage)) == [item for item in stages if found.parent(item) is stage]
