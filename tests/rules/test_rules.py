"""Rules against their own documentation, and against the edge cases in tests/rules."""

from __future__ import annotations

import importlib
import re
from collections import Counter
from pathlib import Path

import pytest

from dockerlint.fixers.rule_testing import assert_examples
from dockerlint.lint.analysis.build_state import Settings
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.engine.checker import check
from dockerlint.lint.engine.registry import find, rules, rules_in
from dockerlint.lint.engine.rule import Rule, examples
from dockerlint.lint.syntax.parser import parse

CASES = Path(__file__).parents[1] / "rules"
KEBAB = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
# Code in backquotes, a Dockerfile's keyword, or a lower-case word.
PLAIN = re.compile(r"`|[A-Z]+\b|[a-z0-9/]")
CODE = re.compile(r"(?:DL|DF)\d{3,4}")
# BuildKit's check of several CMDs, ENTRYPOINTs and HEALTHCHECKs is three rules.
SHARED = "multipleinstructionsdisallowed"


def by_code(rule: Rule) -> str:
    return rule.code


@pytest.mark.parametrize("rule", rules(), ids=by_code)
def test_documentation_holds(rule: Rule) -> None:
    assert_examples(rule)


@pytest.mark.parametrize("file", sorted(CASES.glob("*.md")), ids=lambda file: file.stem)
def test_edge_cases_hold(file: Path) -> None:
    rule = find(file.stem)
    assert rule is not None, f"{file.name} belongs to no rule"
    found = list(examples(file.read_text(encoding="utf8")))
    assert found, f"{file.name} has no examples"
    assert_examples(rule, found)


@pytest.mark.parametrize("rule", rules(), ids=by_code)
def test_documentation_is_whole(rule: Rule) -> None:
    kinds = {example.kind for example in rule.examples}
    assert kinds == {"bad", "good"}
    assert "**Source:**" in rule.documentation
    assert rule.summary.endswith("."), "the first line is a sentence"


@pytest.mark.parametrize("rule", rules(), ids=by_code)
def test_names_are_patterns(rule: Rule) -> None:
    assert CODE.fullmatch(rule.code)
    assert KEBAB.fullmatch(rule.name)
    assert rule.code.lower() not in rule.name


def test_no_name_stands_for_two_rules() -> None:
    names = Counter(name.casefold() for rule in rules() for name in (rule.code, rule.name, *rule.aliases))
    assert [name for name, count in names.items() if count > 1 and name != SHARED] == []


@pytest.mark.parametrize("rule", rules(), ids=by_code)
def test_messages_are_short_and_plain(rule: Rule) -> None:
    for example in rule.examples:
        doc = parse(example.text)
        for finding in check(doc, Facts(doc, settings=Settings(preset="all")), [rule]):
            assert PLAIN.match(finding.message), finding.message
            assert not finding.message.endswith("."), finding.message
            assert "\n" not in finding.message
            assert len(finding.message) < 160, finding.message
            assert finding.fix is None or finding.fix.edits


def test_a_rule_alone_has_its_code_in_the_name_of_its_file() -> None:
    folder = Path(importlib.import_module("dockerlint.rules").__path__[0])
    found = {path.stem: [item.code for item in rules_in(importlib.import_module(f"dockerlint.rules.{path.stem}"))] for path in folder.glob("*.py") if path.stem != "__init__"}

    named = {stem: codes for stem, codes in found.items() if stem[0].isupper()}
    assert {stem: codes for stem, codes in named.items() if codes != [stem.partition("_")[0]]} == {}
    assert [stem for stem, codes in found.items() if stem not in named and len(codes) < 2] == []
