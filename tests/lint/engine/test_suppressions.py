"""Inline ignores: what they silence."""

from __future__ import annotations

import time

import pytest

from dockerlint.lint.engine.findings import Finding
from dockerlint.lint.engine.registry import rules
from dockerlint.lint.engine.suppressions import kept
from dockerlint.lint.syntax.parser import parse


def left(text: str, code: str = "DL3003") -> list[int]:
    """The lines of the RUNs on which a finding is left."""
    doc = parse(text)
    found = [Finding(node.span, "found", code=code) for node in doc.instructions if node.name == "RUN"]
    return [doc.line(finding.span.start) for finding in kept(found, doc, rules())]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("RUN a\nRUN b\n", [1, 2]),
        ("# dlint ignore=DL3003\nRUN a\nRUN b\n", [3]),
        ("# hadolint ignore=DL3003\nRUN a\nRUN b\n", [3]),
        ("# dlint ignore=dl3003\nRUN a\n", []),
        ("# dlint ignore=cd-in-run\nRUN a\n", []),
        ("# dlint ignore=DL3004, DL3003\nRUN a\n", []),
        ("# dlint ignore=DL3004\nRUN a\n", [2]),
        ("# dlint ignore=all\nRUN a\n", []),
        ("#dlint ignore=DL3003 because of that\nRUN a\n", []),
        ("RUN a \\\n# dlint ignore=DL3003\n  b\nRUN c\n", [4]),
        ("FROM a\n# dlint global ignore=DL3003\nRUN a\nRUN b\n", []),
        ("# check=skip=DL3003\nFROM a\nRUN a\nRUN b\n", []),
        ("FROM a\nRUN a\n# dlint ignore=DL3003\n", [2]),
        ("# dlint ignore=\nRUN a\n", [2]),
        ("FROM a\r\n# dlint ignore=DL3003\r\nRUN a\r\n", []),
        ("FROM a\nCOPY <<E /x\n# dlint ignore=DL3003\nE\nRUN a\n", [5]),
    ],
)
def test_kept(text: str, lines: list[int]) -> None:
    assert left(text) == lines


@pytest.mark.parametrize("comment", ["# dlint" + " " * 100_000, "# dlint ignore=" + "a," * 50_000, "# check=" + "skip=a;" * 20_000])
def test_long_comments(comment: str) -> None:
    start = time.process_time()
    left(f"{comment}\nRUN a\n")
    assert time.process_time() - start < 1
