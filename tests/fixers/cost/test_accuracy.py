"""The cost model against the recorded builds of `bench/accuracy.py`, and against what the seeds' articles measured."""

from __future__ import annotations

import importlib.util
import json
import statistics
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dockerlint.fixers.cost import estimate
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.context.build_context import Context
from dockerlint.lint.syntax.parser import parse

if TYPE_CHECKING:
    from dockerlint.fixers.cost import Estimate

BENCH = Path(__file__).parents[3] / "bench"
SEEDS = Path(__file__).parents[4] / "shared" / "seeds"
MEGABYTE = 1e6

if not (BENCH / "accuracy.py").is_file():
    pytest.skip("the builds are recorded in the repository only", allow_module_level=True)


def _load() -> Any:
    spec = importlib.util.spec_from_file_location("accuracy", BENCH / "accuracy.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["accuracy"] = module
    spec.loader.exec_module(module)
    return module


accuracy = _load()


@pytest.fixture(scope="module")
def found() -> Any:
    return accuracy.compare(json.loads(accuracy.RECORD.read_text(encoding="utf-8")))


def test_there_are_enough_builds(found: Any) -> None:
    assert len({layer.case for layer in found.layers}) >= 25
    assert len(found.sized()) >= 30


def test_every_case_is_recorded_and_the_documentation_counts_them() -> None:
    recorded = json.loads(accuracy.RECORD.read_text(encoding="utf-8"))["cases"]
    assert set(recorded) == set(accuracy.cases())
    page = (BENCH.parent / "docs" / "cost.md").read_text(encoding="utf-8")
    assert f"[{len(recorded)} real builds](../bench/accuracy.md)" in page


def test_layers_are_as_big_as_said(found: Any) -> None:
    assert statistics.median(layer.error for layer in found.sized()) <= 0.2
    assert accuracy.correlation(found.sized()) >= 0.95


def test_most_layers_are_said(found: Any) -> None:
    large = [layer for layer in found.layers if layer.real >= MEGABYTE]
    assert sum(layer.known for layer in large) >= 0.9 * len(large)


def test_split_cleanups_waste_what_is_said(found: Any) -> None:
    wastes = {item.case: item.error for item in found.wastes}
    assert wastes["apt-split-cleanup"] <= 0.15
    assert wastes["copy-removed-later"] <= 0.15
    assert statistics.median(wastes.values()) <= 0.15


def test_each_step_is_run_again_or_cached_as_said(found: Any) -> None:
    wrong = [
        (item.case, item.scenario, step) for item in found.rebuilds for step, real, said in item.steps if real != said
    ]
    assert len(found.decided()) > 300
    assert not wrong


def test_rebuilds_take_the_share_of_the_cold_build_that_is_said(found: Any) -> None:
    assert len(found.timed()) >= 40
    assert not [(item.case, item.scenario, round(item.ratio, 2)) for item in found.timed() if item.ratio > 2]


def test_a_case_that_was_changed_must_be_built_again() -> None:
    record = json.loads(accuracy.RECORD.read_text(encoding="utf-8"))
    name = next(iter(record["cases"]))
    record["cases"][name]["dockerfile"] = "another"
    with pytest.raises(SystemExit, match="build it again"):
        accuracy.compare(record)


@pytest.mark.parametrize(
    ("values", "ranks"), [([3.0, 1.0, 2.0], [2, 0, 1]), ([1.0, 1.0, 5.0], [0.5, 0.5, 2]), ([], [])]
)
def test_equal_values_share_their_rank(values: list[float], ranks: list[float]) -> None:
    assert accuracy.ranks(values) == ranks


def test_what_the_builder_says_is_read() -> None:
    said = (
        "#3 [internal] load metadata\n#5 [build 1/2] FROM x\n#5 CACHED\n#6 [build 2/2] RUN make\n#6 0.1 #7 [x 2/2]\n"
        "#6 DONE 1.5s\n#7 [stage-1 2/3] COPY a b\n#7 CACHED\n"
    )
    assert accuracy.reran(said, ["build", "stage-1"]) == [[0, 2, True, 1.5], [1, 2, False, 0.0]]
    assert accuracy.stage_names("FROM a AS Build\nRUN b\nFROM c\n") == ["build", "stage-1"]


def test_hidden_files_are_waste_once() -> None:
    base = {"etc/a": 5, "usr/big": 100}
    layers = [
        base,
        {"srv/x": 10, "srv/y": 20, "root/.cache/z": 7},
        {"srv/.wh.x": 0, "srv/y": 20},
        {"srv/.wh..wh..opq": 0},
    ]
    assert accuracy._wasted(layers, 3) == 10 + 20 + 20 + 7
    assert accuracy._wasted([base, {"usr/big": 100}], 1) == 0  # the base image's bytes are nobody's waste here


# --- the articles' cases ---

# Cases whose image cannot be as big as measured, for reasons that are no figure's fault.
OTHERWISE = {
    "docker-node-hello": "on linux/amd64 node:18 alone is 1 GB, the article's whole image is 649 MB",
    "keras-flask": "an image of years ago: TensorFlow for Python 3.6 was a quarter of what it is",
    "ver-chain": "`FROM busybox` was 1.2 MB then",
}


def _seeds() -> dict[str, Any]:
    path = SEEDS / "expected.json"
    entries = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return {
        name: entry["measured"] for name, entry in entries.items() if isinstance(entry, dict) and "measured" in entry
    }


def _estimated(name: str) -> Estimate:
    path = SEEDS / name / "Dockerfile"
    doc = parse(path.read_text(encoding="utf-8"))
    return estimate(doc, Facts(doc, Context.of(path.parent, path)))


@pytest.mark.skipif(not SEEDS.is_dir(), reason="the seeds are not at hand")
@pytest.mark.parametrize("name", sorted(_seeds()))
def test_seeds_are_as_big_as_measured(name: str) -> None:
    real, said = _seeds()[name], _estimated(name)
    runs = [step for step in said.steps if step.instruction.startswith("RUN")]
    pairs = {
        "image_mb": said.image.adds,
        "base_mb": said.steps[0].adds,
        "run_mb": runs[0].adds if runs else None,
        "wasted_mb": said.image.wasted,
    }
    for key, amount in pairs.items():
        if key not in real or (name in OTHERWISE and key == "image_mb"):
            continue
        assert amount is not None
        assert amount.mid == pytest.approx(real[key] * MEGABYTE, rel=0.35), key


@pytest.mark.skipif(not SEEDS.is_dir(), reason="the seeds are not at hand")
@pytest.mark.parametrize("name", sorted(_seeds()))
def test_seeds_are_built_again_in_the_share_of_time_that_was_measured(name: str) -> None:
    real, said = _seeds()[name], _estimated(name)
    keys = {"rebuild_after_edit_s": "source edit", "dependency_added_s": "dependency change", "no_change_s": "nothing"}
    for key, scenario in keys.items():
        if key in real and "cold_build_s" in real:
            measured = real[key] / real["cold_build_s"]
            ratio = said.scenario(scenario).seconds.mid / said.scenario("cold").seconds.mid
            if min(measured, ratio) < 0.05:
                assert max(measured, ratio) < 0.1, key
            else:
                assert 0.5 <= ratio / measured <= 2, key
