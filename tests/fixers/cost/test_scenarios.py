"""The standing scenarios: which steps each runs again, with and without the context at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dockerlint.fixers.cost import estimate
from dockerlint.fixers.cost.copy_selections import kinds_by_name
from dockerlint.fixers.cost.scenarios import MOST_EDITS, standing
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.context.build_context import Context
from dockerlint.lint.syntax.parser import parse

if TYPE_CHECKING:
    from pathlib import Path

    from dockerlint.fixers.cost import Estimate

NAMES = ["cold", "nothing", "source edit", "dependency change", "base update"]


def cost(text: str, folder: Path | None = None) -> Estimate:
    doc = parse(text)
    return estimate(doc, Facts(doc, Context.of(folder) if folder else None))


def again(found: Estimate, scenario: str) -> list[int]:
    return [step.line for step in found.steps if scenario in step.reruns_in]


def test_the_weights_are_shares_of_all_builds() -> None:
    assert [item.name for item in standing()] == NAMES
    assert sum(item.weight for item in standing()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("pattern", "kinds"),
    [
        (".", {"source", "dependency"}),
        ("./", {"source", "dependency"}),
        ("*", {"source", "dependency"}),
        ("package*.json", {"dependency"}),
        ("package.json", {"dependency"}),
        ("app/requirements.txt", {"dependency"}),
        ("requirements/*.txt", {"source", "dependency"}),
        ("*.json", {"source", "dependency"}),
        ("go.*", {"dependency"}),
        ("src/", {"source"}),
        ("*.py", {"source"}),
        ("entrypoint.sh", {"source"}),
    ],
)
def test_without_files_at_hand_the_pattern_says_what_it_means(pattern: str, kinds: set[str]) -> None:
    assert kinds_by_name(pattern) == kinds


SPLIT = "FROM node:20\nWORKDIR /app\nCOPY package*.json ./\nRUN npm ci\nCOPY . .\nRUN npm run build\n"
WHOLE = "FROM node:20\nWORKDIR /app\nCOPY . .\nRUN npm ci\n"
TABLE = [
    (SPLIT, "source edit", [5, 6]),
    (SPLIT, "dependency change", [3, 4, 5, 6]),
    (SPLIT, "base update", [1, 2, 3, 4, 5, 6]),
    (SPLIT, "cold", [2, 3, 4, 5, 6]),
    (WHOLE, "source edit", [3, 4]),
    (WHOLE, "dependency change", [3, 4]),
    ("FROM debian\nADD index.html /www/\nRUN apt-get update\n", "source edit", [2, 3]),
    ("FROM debian\nRUN apt-get update\nADD index.html /www/\n", "source edit", [3]),
    ("FROM debian\nRUN apt-get update\n", "dependency change", []),
]


@pytest.mark.parametrize(("text", "scenario", "expected"), TABLE)
def test_scenarios_by_pattern(text: str, scenario: str, expected: list[int]) -> None:
    assert again(cost(text), scenario) == expected


@pytest.mark.parametrize("text", [SPLIT, WHOLE, "FROM scratch\n", "FROM a AS b\nRUN ls\nFROM b\n", "", "RUN ls\n"])
def test_nothing_changed_runs_nothing(text: str) -> None:
    found = cost(text)
    assert again(found, "nothing") == []
    assert found.scenario("nothing").steps_rerun == 0
    assert found.scenario("nothing").pushed.high == 0


def test_with_the_context_its_files_decide(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text("{}")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.js").write_text("1")
    found = cost("FROM node:20\nCOPY src /src\nCOPY *.json /app/\nCOPY . /all\n", tmp_path)
    assert again(found, "source edit") == [2, 3, 4]
    assert again(found, "dependency change") == [3, 4]


def test_ignored_files_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text("{}")
    (tmp_path / "main.js").write_text("1")
    (tmp_path / ".dockerignore").write_text("main.js\n.dockerignore\n")
    found = cost("FROM node:20\nCOPY . /app\nRUN npm ci\n", tmp_path)
    assert again(found, "source edit") == []
    assert again(found, "dependency change") == [2, 3]


def test_an_edit_is_of_one_file_each_as_likely_as_any_other(tmp_path: Path) -> None:
    for name in ("start.sh", "a.py", "b.py", "c.py"):
        (tmp_path / name).write_text("1")
    install = "RUN apt-get update && apt-get install -y cmake\n"
    early, late = (
        cost(f"FROM debian:12\n{text}", tmp_path).scenario("source edit").seconds.mid - 0.1
        for text in (f"COPY start.sh /\n{install}COPY *.py /app/\n", f"COPY start.sh *.py /app/\n{install}")
    )
    assert early == pytest.approx(late / 4, rel=0.05)


def test_without_files_at_hand_a_folder_stands_for_many(tmp_path: Path) -> None:
    install = "RUN apt-get update && apt-get install -y cmake\n"
    one = cost(f"FROM debian:12\nCOPY start.sh /\n{install}COPY . .\n").scenario("source edit").seconds.mid
    many = cost(f"FROM debian:12\nCOPY src /\n{install}COPY main.py .\n").scenario("source edit").seconds.mid
    assert one < 0.2 * many


def test_stages_run_side_by_side() -> None:
    install = "RUN apt-get update && apt-get install -y cmake"
    one = cost(f"FROM debian:12 AS a\n{install}\n")
    two = cost(f"FROM debian:12 AS a\n{install}\nFROM debian:12\n{install}\nCOPY --from=a /x /x\n")
    assert two.scenario("cold").seconds.mid == pytest.approx(one.scenario("cold").seconds.mid, abs=0.1)


def test_filled_cache_mounts_make_later_builds_faster_than_the_first() -> None:
    text = "FROM python:3.12\nCOPY . .\nRUN --mount=type=cache,target=/root/.cache/pip pip install pandas\n"
    found = cost(text)
    cold, edit = found.scenario("cold").seconds, found.scenario("source edit").seconds
    change = found.scenario("dependency change").seconds
    assert edit.mid < change.mid < cold.mid
    bare = cost(text.replace("--mount=type=cache,target=/root/.cache/pip ", ""))
    assert bare.scenario("source edit").seconds.mid == pytest.approx(bare.scenario("cold").seconds.mid)


def test_the_expected_build_is_the_weighted_sum() -> None:
    found = cost(SPLIT)
    weighted = sum(item.weight * item.seconds.mid for item in found.scenarios)
    assert found.expected.seconds.mid == pytest.approx(weighted)


def test_a_faster_network_shortens_downloads_only() -> None:
    from dockerlint.fixers.cost.bounded import Amount

    doc = parse("FROM debian:12\nRUN apt-get update\nRUN mkdir /x\n")
    slow = estimate(doc, network=Amount.exact(1e6))
    fast = estimate(doc, network=Amount.exact(1e8))
    assert slow.steps[1].seconds.mid > fast.steps[1].seconds.mid + 5
    assert slow.steps[2].seconds == fast.steps[2].seconds


def test_of_many_edits_some_stand_for_all() -> None:
    count = 4 * MOST_EDITS
    found = cost("FROM debian:12\n" + "".join(f"COPY f{at}.py /srv/f{at}.py\n" for at in range(count)))
    outcome = next(item for item in found.plan.outcomes if item.scenario.name == "source edit")
    assert len(outcome.cases) == MOST_EDITS
    assert sum(share for share, _ in outcome.cases) == pytest.approx(1)
    assert len(outcome.again) == count, "an edit of any file is in it"
    # half of the steps run again, on average
    steps = [len(steps) for _, steps in outcome.cases]
    assert sum(steps) / len(steps) == pytest.approx(count / 2, rel=0.05)


@pytest.mark.parametrize("text", [SPLIT, WHOLE])
def test_what_runs_again_after_all_edits_is_what_runs_again_after_any(text: str) -> None:
    outcome = next(item for item in cost(text).plan.outcomes if item.scenario.name == "source edit")
    assert outcome.again == frozenset().union(*(steps for _, steps in outcome.cases))
