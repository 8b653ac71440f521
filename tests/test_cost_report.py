"""Estimates as text and JSON."""

from __future__ import annotations

import json
from typing import Any

from dockerlint.fixers.cost import estimate, report
from dockerlint.lint.parser import parse

TEXT = "FROM debian:bookworm-slim AS app\nRUN apt-get update \\\n && ./x\nCOPY . /app\n"
SIZE = {"low", "mid", "high", "basis"}


def data() -> Any:
    return json.loads(report.json([estimate(parse(TEXT), file="some/Dockerfile")]))


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
    copy = data()["steps"][2]
    assert copy["adds"] == {"low": 0.0, "mid": 0.0, "high": None, "basis": None}


def test_several_files_are_a_list() -> None:
    found = estimate(parse(TEXT))
    assert len(json.loads(report.json([found, found]))) == 2


def test_text_shows_steps_totals_and_scenarios() -> None:
    found = report.text([estimate(parse(TEXT), file="some/Dockerfile")])
    assert "some/Dockerfile (target app)" in found
    assert "RUN apt-get update && ./x" in found
    assert ">19.9 MB" in found
    assert "source edit" in found
    assert "expected a build" in found
    assert "\x1b" not in found


def test_text_has_colour_when_asked() -> None:
    assert "\x1b[1m" in report.text([estimate(parse(TEXT))], color=True)


def test_comparison_shows_both_sides() -> None:
    before, after = estimate(parse(TEXT), file="a"), estimate(parse("FROM scratch\n"), file="b")
    found = report.compare_text(before, after)
    assert found.startswith("a -> b\n")
    assert "cold" in found
    assert set(json.loads(report.compare_json(before, after))) == {"before", "after"}


def test_a_file_without_stages_costs_nothing() -> None:
    found = estimate(parse("# nothing\n"))
    assert found.steps == ()
    assert found.target is None
    assert found.image.adds.mid == 0
    assert "image" in report.text([found])
