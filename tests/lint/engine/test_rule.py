"""What a rule is: its code, its parameters, families."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import Member, family, rule
from dockerlint.lint.syntax.parser import parse
from dockerlint.lint.syntax.span import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.syntax.nodes import Dockerfile


def test_a_rule_declares_what_it_uses() -> None:
    def neither() -> Iterator[Finding]:
        """Finds something."""
        yield Finding(Span(0, 4), "found")

    def only_doc(doc: Dockerfile) -> Iterator[Finding]:
        """Finds something."""
        yield Finding(Span(0, len(doc.text)), "found")

    doc = parse("FROM a\n")
    for check in (neither, only_doc):
        made = rule("XX1", name="x", severity=Severity.INFO)(check)
        assert [(item.code, item.message) for item in made.check(doc, Facts(doc))] == [("XX1", "found")]


def test_a_rule_without_a_code_or_with_another_parameter_is_refused() -> None:
    def nameless(facts: Facts) -> Iterator[Finding]:
        """Finds nothing."""
        yield from ()

    def other(facts: Facts, more: int) -> Iterator[Finding]:
        """Finds nothing."""
        yield from ()

    with pytest.raises(TypeError, match="rule nameless has no code: name its file after it"):
        rule(name="x", severity=Severity.INFO)(nameless)
    with pytest.raises(TypeError, match="rule XX1 takes more; a rule takes doc and facts"):
        rule("XX1", name="x", severity=Severity.INFO)(other)


def test_a_family_is_a_rule_for_each_member() -> None:
    def named(facts: Facts, name: str) -> Iterator[Finding]:
        yield Finding(Span(0, 4), f"{name} in {len(facts.doc.stages)}")

    members = (Member("XX1", "one", {"name": "a"}, {"what": "A"}), Member("XX2", "two", {"name": "b"}, {"what": "B"}, severity=Severity.ERROR))
    one, two = family(named, "Finds {what}.", members, severity=Severity.INFO)

    doc = parse("FROM a\n")
    assert [(item.code, item.message) for item in (*one.check(doc, Facts(doc)), *two.check(doc, Facts(doc)))] == [("XX1", "a in 1"), ("XX2", "b in 1")]
    assert (one.documentation, two.documentation) == ("Finds A.", "Finds B.")
    assert (one.severity, two.severity) == (Severity.INFO, Severity.ERROR)
