"""Estimates as text and JSON."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from dockerlint.fixers.cost import cost_report, estimate
from dockerlint.fixers.cost.bounded import Amount
from dockerlint.lint.catalogue.basis import Basis
from dockerlint.lint.report.escaping import width as wide
from dockerlint.lint.syntax.parser import parse

TEXT = "FROM debian:bookworm-slim AS app\nRUN apt-get update \\\n && ./x\nCOPY . /app\n"
STAGES = """FROM golang:1.22 AS build
COPY . /src
RUN cd /src && CGO_ENABLED=0 go build -o /usr/local/bin/server ./cmd/server-with-a-long-name
FROM debian:bookworm-slim AS unused
RUN apt-get update
FROM debian:bookworm-slim
COPY --from=build /usr/local/bin/server /server
RUN echo 日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語
"""
# The columns below which the table is not made narrower.
LEAST = 72
SIZE = {"low", "mid", "high", "basis"}


def data() -> Any:
    return json.loads(cost_report.json([estimate(parse(TEXT), file="some/Dockerfile")]))


def test_json_has_the_shape_of_the_contract() -> None:
    found = data()
    assert set(found) == {"file", "target", "image", "steps", "scenarios", "expected", "replay"}
    assert found["file"] == "some/Dockerfile"
    assert found["target"] == "app"
    assert found["replay"] is None
    assert set(found["image"]) == {"adds", "ships", "wasted"}
    assert set(found["expected"]) == {"seconds", "pushed"}
    names = "line end_line stage instruction adds ships wasted seconds seconds_warm basis reruns_in"
    assert all(list(step) == names.split() for step in found["steps"])
    names = "name weight seconds pushed steps_rerun"
    assert all(list(item) == names.split() for item in found["scenarios"])
    sizes = [step[name] for step in found["steps"] for name in ("adds", "ships", "wasted", "seconds", "seconds_warm")]
    assert all(set(size) == SIZE for size in sizes)


def test_json_places_steps_in_the_file() -> None:
    steps = data()["steps"]
    assert [(step["line"], step["end_line"], step["stage"]) for step in steps] == [(1, 1, 0), (2, 3, 0), (4, 4, 0)]
    assert steps[1]["instruction"] == "RUN apt-get update && ./x"


def test_json_says_unknown_as_null() -> None:
    script = data()["steps"][1]
    assert script["adds"]["high"] is None
    assert script["seconds"]["high"] is None


def test_several_files_are_a_list() -> None:
    found = estimate(parse(TEXT))
    assert len(json.loads(cost_report.json([found, found]))) == 2


def test_text_shows_steps_totals_and_scenarios() -> None:
    found = cost_report.text([estimate(parse(TEXT), file="some/Dockerfile")])
    assert "some/Dockerfile (target app)" in found
    assert "RUN apt-get update && ./x" in found
    assert ">19.9 MB" in found
    assert "source edit" in found
    assert "expected a build" in found
    assert "\x1b" not in found


def test_text_has_colour_when_asked() -> None:
    assert "\x1b[1m" in cost_report.text([estimate(parse(TEXT))], color=True)


def test_comparison_shows_both_sides() -> None:
    before, after = estimate(parse(TEXT), file="a"), estimate(parse("FROM scratch\n"), file="b")
    found = cost_report.compare_text(before, after)
    assert found.startswith("a -> b\n")
    assert "cold" in found
    assert set(json.loads(cost_report.compare_json(before, after))) == {"before", "after"}


def test_a_file_without_stages_costs_nothing() -> None:
    found = estimate(parse("# nothing\n"))
    assert found.steps == ()
    assert found.target is None
    assert found.image.adds.mid == 0
    assert "image" in cost_report.text([found])


def table(text: str, width: int | None) -> list[str]:
    """The lines of the steps: from the head to the empty line before the totals."""
    lines = cost_report.text([estimate(parse(text), file="Dockerfile")], width=width).splitlines()
    return lines[1 : lines.index("")]


@pytest.mark.parametrize(
    "width", [LEAST, 73, 80, 100, 120, cost_report.FULL - 1, cost_report.FULL, cost_report.FULL + 1, 250]
)
def test_the_table_fits_into_the_terminal(width: int) -> None:
    assert max(wide(line) for line in table(STAGES, width)) <= width


@pytest.mark.parametrize("width", [0, 1, 20, LEAST - 1])
def test_a_table_without_room_keeps_its_least_width(width: int) -> None:
    assert table(STAGES, width) == table(STAGES, LEAST)


def test_a_narrow_table_has_a_letter_a_scenario_and_says_which() -> None:
    narrow, full = table(STAGES, cost_report.FULL - 1), table(STAGES, cost_report.FULL)
    assert (narrow[0].split()[-1], narrow[2].split()[-1], narrow[3].split()[-1]) == ("sdb", "b", "sdb")
    assert narrow[-1] == "runs again on a source edit (s), dependency change (d), base update (b)"
    assert full[0].endswith("runs again on")
    assert full[3].endswith("  source edit, dependency change, base update")
    assert len(full) == len(narrow) - 1


@pytest.mark.parametrize("width", [None, LEAST, 80, 250])
def test_figures_stand_under_their_heads_at_every_width(width: int | None) -> None:
    head, *rows = [line for line in table(STAGES, width) if not line.startswith(("stage", "runs"))]
    for name, unit in (("size", "B"), ("time", "sn")):
        end = head.index(name) + len(name)
        for row in rows:
            before = next(at for at in range(len(row) + 1) if wide(row[:at]) == end)
            assert row[before - 1] in unit or row[before - 1] == "?"


def test_names_are_cut_to_the_columns_they_have_and_letters_of_two_columns_count_as_two() -> None:
    found = {
        width: [line for line in table(STAGES, width) if line.lstrip()[:1].isdigit()] for width in (LEAST, 80, 250)
    }
    assert [row[7:30].split("  ")[0] for row in found[LEAST]] == [
        "FROM golang:1.22...",
        "COPY . /src",
        "RUN cd /src && C...",
        "FROM debian:book...",
        "COPY --from=buil...",
        "RUN echo 日本語...",
    ]
    assert "RUN cd /src && CGO_ENA...  " in found[80][2]
    assert "./cmd/server-with-a-long-name  " in found[250][2]


def test_the_largest_step_has_the_whole_bar() -> None:
    for width, bar in ((LEAST, 6), (80, 8), (None, 12), (250, 12)):
        assert [line.count("█") for line in table(STAGES, width)][2] == bar


def test_each_stage_of_several_has_a_heading_that_says_whether_it_ships() -> None:
    lines = table(STAGES, None)
    assert [line if line.startswith("stage") else line.split()[0] for line in lines] == [
        "line",
        "stage build, does not ship",
        "1",
        "2",
        "3",
        "stage 2, ships",
        "6",
        "7",
        "8",
    ]


def test_a_stage_that_another_one_stands_on_ships() -> None:
    lines = table("FROM debian:12 AS base\nRUN ./a\nFROM base AS app\nRUN ./b\n", None)
    assert [line for line in lines if line.startswith("stage")] == ["stage base, ships", "stage app, ships"]


def test_one_stage_has_no_heading() -> None:
    assert not any(line.startswith("stage") for line in table(TEXT, None))
    assert not any(
        line.startswith("stage") for line in table("FROM debian:12 AS unused\nFROM debian:12\nRUN ./a\n", None)
    )


def test_headings_are_bold_where_there_is_colour() -> None:
    assert "\x1b[1mstage build, does not ship\x1b[0m\n" in cost_report.text([estimate(parse(STAGES))], color=True)


@pytest.mark.parametrize(
    ("low", "mid", "high", "basis", "words"),
    [
        (120, 420, 1140, Basis.HEURISTIC, "2 to 19 min"),
        (0.22, 0.8, 8.3, Basis.HEURISTIC, "0.22 to 8.3 s"),
        (60, 70, 100, Basis.HEURISTIC, "~70 s"),
        (0.01, 3, 8, Basis.HEURISTIC, "up to 8 s"),
        (1, 7, 70, Basis.MEASURED, "7.0 s"),
        (0, 7, 70, Basis.HEURISTIC, "up to 70 s"),
    ],
)
def test_bounds_that_are_far_apart_are_told(low: float, mid: float, high: float, basis: Basis, words: str) -> None:
    assert cost_report.duration(Amount(low, mid, high, basis)) == words


@pytest.mark.parametrize(
    ("low", "mid", "high", "words"),
    [
        (1.24e6, 2.46e6, 3e6, "~2.5 MB"),
        (90e6, 123.4e6, 150e6, "~120 MB"),
        (1e3, 8e6, 3e8, "up to 300 MB"),
        (3e4, 6e4, 3e5, "up to 0.3 MB"),
    ],
)
def test_estimates_have_two_digits(low: float, mid: float, high: float, words: str) -> None:
    assert cost_report.size(Amount(low, mid, high, Basis.HEURISTIC)) == words


def test_a_total_with_an_unknown_part_is_at_least_what_is_known() -> None:
    found = cost_report.text([estimate(parse("FROM debian:12\nRUN ./a\n"))])
    assert "\nimage at least 116.6 MB, shipped at least 48.5 MB, wasted 0 B\n" in found


def test_a_lower_bound_that_is_shown_as_nothing_is_unknown() -> None:
    assert cost_report.duration(Amount(0.02, 0.04, math.inf, Basis.MEASURED)) == "?"
    assert cost_report.duration(Amount(0.02, 0.06, math.inf, Basis.MEASURED)) == ">0.1 s"
    assert cost_report.duration(Amount(0.02, 0.04, 0.06, Basis.MEASURED)) == "0.0 s"
