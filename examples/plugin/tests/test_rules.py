"""A rule's examples are its tests."""

import pytest
from acme_dockerfiles import rules

from dockerlint.fixers.rule_testing import assert_examples
from dockerlint.lint import Rule

RULES = [item for item in vars(rules).values() if isinstance(item, Rule)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_examples(rule: Rule) -> None:
    """Each `bad` block is found, each `good` one is not, and the fix makes the `fixed` one."""
    assert_examples(rule)
