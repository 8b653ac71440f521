"""The model against real builds, where their record is at hand."""

from __future__ import annotations

import json
import shutil
import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dockerlint.fixers.cost import estimate
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.context.build_context import Context
from dockerlint.lint.syntax.parser import parse

if TYPE_CHECKING:
    from dockerlint.fixers.cost import Estimate

ENGINE = Path(__file__).parents[4] / "shared" / "engine"
RECORD = ENGINE / "measured.json"
LAYERED = ("RUN", "COPY", "ADD", "WORKDIR")

pytestmark = pytest.mark.skipif(not RECORD.is_file(), reason="the record of real builds is not at hand")


@pytest.fixture(scope="module")
def estimates(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Any, Estimate]]:
    found = []
    for case in json.loads(RECORD.read_text(encoding="utf-8"))["cases"]:
        folder = tmp_path_factory.mktemp(case["id"]) / "context"
        shutil.copytree(ENGINE / "contexts" / case["context"], folder)
        doc = parse(case["dockerfile"])
        found.append((case, estimate(doc, Facts(doc, Context.of(folder)))))
    return found


def test_layers_are_as_big_as_said(estimates: list[tuple[Any, Estimate]]) -> None:
    errors = []
    for case, found in estimates:
        last = found.steps[-1].stage
        said = [step.adds.mid for step in found.steps if step.stage == last and step.instruction.split()[0] in LAYERED]
        real = [layer["bytes"] for layer in case["layers"] if layer["instruction"].split()[0] in LAYERED]
        pairs = zip(said[-len(real) :], real[-len(said) :], strict=True)
        errors += [abs(guess - size) / size for guess, size in pairs if size > 1_000_000]
    assert len(errors) > 15
    assert statistics.median(errors) < 0.2


def test_scenarios_run_again_what_the_builder_ran_again(estimates: list[tuple[Any, Estimate]]) -> None:
    for case, found in estimates:
        seconds = case["seconds"]
        for name, key in (("nothing", "nothing"), ("source edit", "source"), ("dependency change", "dependency")):
            if seconds[key] is not None:
                cold = found.scenario("cold").seconds.mid
                slow = found.scenario(name).seconds.mid > 0.4 * cold
                assert slow == (seconds[key] > 0.5 * seconds["cold"]), (case["id"], name)
