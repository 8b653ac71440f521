"""No finding of a rule with fixes is silent: it has a fix, or says why it has none."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dockerlint.fixers.refusal import says_why
from dockerlint.lint.analysis.build_state import Settings
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.context.build_context import Context
from dockerlint.lint.engine.checker import check
from dockerlint.lint.engine.registry import rules
from dockerlint.lint.engine.rule import examples
from dockerlint.lint.syntax.parser import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.engine.findings import Finding
    from dockerlint.lint.engine.rule import Example, Rule

SHARED = Path(__file__).parents[3] / "shared" / "corpus"
CORPUS, ROWS = SHARED / "dev.jsonl.gz", SHARED / "order.jsonl.gz"
needs_corpus = pytest.mark.skipif(not CORPUS.exists(), reason="the corpus is not here")


@cache
def fixable() -> list[Rule]:
    return [rule for rule in rules() if rule.fixable]


def found(text: str, context: Context | None = None, preset: str = "recommended") -> list[Finding]:
    doc = parse(text)
    return check(doc, Facts(doc, context, Settings(preset=preset)), fixable())


def silent(text: str, context: Context | None = None, preset: str = "recommended") -> list[str]:
    return [f"{item.code} {item.message}" for item in found(text, context, preset) if not says_why(item)]


def lay_out(folder: Path, files: dict[str, str]) -> Context:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf8")
    return Context.of(folder)


@cache
def rows() -> list[dict[str, Any]]:
    if not ROWS.exists():
        return []
    with gzip.open(ROWS, "rt", encoding="utf8") as lines:
        return [json.loads(line) for line in lines]


def all_examples() -> Iterator[tuple[str, Example]]:
    """The examples of all rules' pages, and the edge cases beside this file."""
    for rule in fixable():
        yield from ((f"{rule.code}-{number}", item) for number, item in enumerate(rule.examples))
    for file in sorted(Path(__file__).parent.glob("*.md")):
        yield from ((f"{file.stem}-case{number}", item) for number, item in enumerate(examples(file.read_text(encoding="utf8"))))


@needs_corpus
@pytest.mark.parametrize("preset", ["recommended", "all", "hadolint"])
def test_no_finding_of_the_corpus_is_silent(preset: str) -> None:
    with gzip.open(CORPUS, "rt", encoding="utf8") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    assert {message for text in texts for message in silent(text, preset=preset)} == set()


@needs_corpus
@pytest.mark.parametrize("row", rows(), ids=lambda row: row["id"])
def test_no_finding_beside_a_context_is_silent(row: dict[str, Any], tmp_path: Path) -> None:
    assert silent(row["dockerfile"], lay_out(tmp_path, row["files"]), "all") == []


@pytest.mark.parametrize("example", [pytest.param(item, id=name) for name, item in all_examples()])
def test_no_finding_of_an_example_is_silent(example: Example, tmp_path: Path) -> None:
    context = lay_out(tmp_path, dict(example.context)) if example.context else None
    assert silent(example.text, context, "all") == []


@pytest.mark.parametrize(
    ("code", "text", "why"),
    [
        ("DF103", "FROM golang:1.24\nRUN go mod download\nRUN go build\n", "carried by the fix at line 2"),
        ("DF103", "FROM node:22\nUSER me\nRUN npm ci\n", "no fix: the mount would be root's, and the number of me is not known"),
        ("DF105", "FROM debian:12\nARG BUILD_DATE\nARG GIT_SHA\nRUN apt-get update\n", "carried by the fix at line 2"),
        ("DF105", "FROM debian:12\nARG CACHEBUST\nRUN apt-get update\n", "CACHEBUST says that it is there to break the cache"),
        ("DF201", "FROM debian:12\nADD big.tar.gz /tmp/\nRUN rm -r /tmp/big.tar.gz\n", "no fix: the copy does more than a mount can"),
        ("DF304", "FROM a\nFROM b\nCOPY --from=0 a /\nCOPY --from=0 b /\n", "carried by the fix at line 3"),
        ("DL3025", "FROM debian:12\nCMD a && b\n", "no fix: it is more than one command"),
        ("DL3025", "FROM debian:12\nCMD a $B\n", "no fix: it uses variables"),
        ("DL4006", "FROM debian:12\nRUN a | b\nRUN c | d\n", "carried by the fix at line 2"),
        ("DL4006", "FROM nobody/knows\nRUN a | b\n", "no fix: which shells the base image has is not known"),
        ("DL3009", "FROM debian:12\nRUN apt-get update\nRUN apt-get install -y a\nRUN rm -rf /var/lib/apt/lists/*\n", "no fix: line 4 deletes it, too late"),
        ("DL3047", "FROM alpine:3.20\nRUN wget https://example.com/a\n", "no fix: busybox's wget does not know"),
    ],
)
def test_why(code: str, text: str, why: str) -> None:
    messages = [item.message for item in found(text, preset="all") if item.code == code and item.fix is None]
    assert any(why in message for message in messages), messages
