"""The promises of fixes, held against real files: they parse, nothing is dropped, and a second time changes nothing."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from dockerlint.fixers.edits import apply
from dockerlint.fixers.loop import fix
from dockerlint.lint.analysis.build_state import Settings
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.analysis.stages import StageGraph
from dockerlint.lint.engine.checker import check
from dockerlint.lint.engine.findings import Applicability, Finding
from dockerlint.lint.engine.registry import rules
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.parser import parse

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "dev.jsonl.gz"
EVERY = 7

Find = Callable[[nodes.Dockerfile], list[Finding]]

pytestmark = pytest.mark.skipif(not CORPUS.exists(), reason="the corpus is not at hand")


def texts() -> list[str]:
    with gzip.open(CORPUS, "rt", encoding="utf8") as file:
        return [json.loads(line)["text"] for line in file][::EVERY]


def finder(preset: str) -> Find:
    chosen = [rule for rule in rules() if (rule.recommended or preset == "all")]

    def find(doc: nodes.Dockerfile) -> list[Finding]:
        return check(doc, Facts(doc, settings=Settings(preset=preset)), chosen)

    return find


def shape(doc: nodes.Dockerfile) -> list[tuple[object, ...]]:
    """The stage graph: what each stage is FROM, and which stages it takes from."""
    graph = StageGraph.of(doc)
    return [
        (
            stage.from_.image.text,
            parent.index if (parent := graph.parent(stage)) else None,
            [source.index if source else reference for _, reference, source in graph.sources(stage)],
        )
        for stage in doc.stages
    ]


@pytest.mark.parametrize("unsafe", [False, True], ids=["safe", "unsafe"])
@pytest.mark.parametrize("preset", ["recommended", "all"])
def test_promises(preset: str, unsafe: bool) -> None:
    find = finder(preset)
    changed = 0
    for text in texts():
        before = parse(text)
        outcome = fix(text, find, unsafe=unsafe)
        assert outcome.dropped == ()
        if outcome.text == text:
            continue
        changed += 1
        after = parse(outcome.text)
        assert len(after.problems) <= len(before.problems)
        assert fix(outcome.text, find, unsafe=unsafe).text == outcome.text
        if not unsafe:
            assert shape(after) == shape(before)
    assert changed


def test_each_fix_alone() -> None:
    find = finder("all")
    made = 0
    for text in texts():
        doc = parse(text)
        for finding in find(doc):
            if finding.fix is None:
                continue
            made += 1
            fixed = parse(apply(text, finding.fix.edits))
            assert len(fixed.problems) <= len(doc.problems), finding
            assert fixed.text != text, finding
            if finding.fix.applicability is Applicability.SAFE:
                assert shape(fixed) == shape(doc), finding
    assert made


def test_line_breaks_and_the_end_stay() -> None:
    find = finder("all")
    for text in texts():
        outcome = fix(text, find)
        with_returns = fix(text.replace("\r\n", "\n").replace("\n", "\r\n"), find)
        if "\r" not in text and not outcome.applied:
            assert with_returns.applied == ()
        if "\r" not in text:
            assert "\n" not in with_returns.text.replace("\r\n", "")
            assert with_returns.text.replace("\r\n", "\n") == outcome.text
        bare = text.rstrip()
        assert not fix(bare, find).text.endswith("\n") or bare.endswith("\n")


def test_a_fix_brings_nothing_worse() -> None:
    find = finder("recommended")
    codes = {rule.code: rule for rule in rules()}
    for text in texts():
        outcome = fix(text, find)
        before, after = ([item.code for item in find(parse(one))] for one in (text, outcome.text))
        worse = [code for code in set(after) if after.count(code) > before.count(code)]
        assert [code for code in worse if codes[code].severity.rank <= 1] == []
