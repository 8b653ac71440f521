"""A message shows the part of the file that it is about."""

from __future__ import annotations

from dockerlint.lint.engine.checker import check
from dockerlint.lint.engine.registry import find
from dockerlint.lint.syntax.parser import parse


def test_of_a_long_word_the_bad_part_is_shown() -> None:
    rule = find("DF642")
    assert rule is not None
    doc = parse("FROM registry.example.com/team/service/node:4-node${release:imageVariant}\n")
    (finding,) = check(doc, rules=[rule])
    assert "`${release:imageVariant}`" in finding.message
