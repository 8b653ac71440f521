"""The list of concepts against the rules. About the repository: not run against an installed wheel."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from dockerlint.lint.engine.registry import find, rules

FILE = Path(__file__).parents[3] / "docs" / "concepts.csv"
with FILE.open(encoding="utf-8", newline="") as _file:
    ROWS = list(csv.DictReader(_file))
SHELLCHECK = "SC*"
OTHER = re.compile(r"[A-Za-z-]+:\S.*")
# The least share of the list that is to be covered; what is left out has a reason.
LEAST = 200


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["concept"][:40])
def test_a_concept_has_rules_or_a_reason(row: dict[str, str]) -> None:
    codes = row["codes"].split()

    assert [code for code in codes if code != SHELLCHECK and not find(code)] == []
    assert bool(codes) != bool(row["reason"])
    assert all(OTHER.fullmatch(part) for part in row["others"].split("; ") if part)


def test_concepts_are_listed_once() -> None:
    names = [row["concept"] for row in ROWS]

    assert len(names) == len(set(names))
    assert sum(bool(row["codes"]) for row in ROWS) >= LEAST


def test_hadolints_rules_are_all_listed() -> None:
    """Whatever has hadolint's code is a concept that hadolint has, so the list must name it."""
    listed = {code for row in ROWS for code in row["codes"].split()}
    own = {rule.code for rule in rules() if rule.hadolint} - {"DL1000"}

    assert own - listed == set()
