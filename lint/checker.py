"""Runs rules over one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .facts import Facts
from .registry import rules as all_rules
from .suppress import kept

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .findings import Finding
    from .nodes import Dockerfile
    from .rule import Rule


def check(doc: Dockerfile, facts: Facts | None = None, rules: Iterable[Rule] | None = None) -> list[Finding]:
    """The findings of the rules (the recommended ones when None) that no inline ignore silences, by place."""
    facts = facts or Facts(doc)
    active = tuple(rules if rules is not None else (rule for rule in all_rules() if rule.recommended))
    findings = [finding for rule in active for finding in rule.check(doc, facts)]
    return sorted(kept(findings, doc, active), key=lambda finding: (finding.span, finding.code))
