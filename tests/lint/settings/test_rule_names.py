"""What rule is proposed for a code or a name that there is not."""

from __future__ import annotations

import pytest

from dockerlint.lint.engine.registry import rules
from dockerlint.lint.settings.rule_names import meant


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("DL-3008", "DL3008"), ("dl 3008", "DL3008"), ("3008", "DL3008"), ("DL3OO8", "DL3008"), ("DK3008", "DL3008"), ("DF1O9", "DF109"), ("DF199", "DF109"), ("D3008", "DL3008"),
        ("missing-cach-mount", "missing-cache-mount"), ("Missing-Cache", "missing-cache-mount"), ("StageNameCassing", "StageNameCasing"),
    ],
)  # fmt: skip
def test_one_that_is_near(text: str, wanted: str) -> None:
    assert meant(text, rules()) == f"; did you mean {wanted!r}?"


@pytest.mark.parametrize("text", ["DL9999", "DF999", "DL308", "XY123", "0", "foo", "", "rule", "a" * 5000, "DL" + "9" * 5000, "CVE-2024-1", "DL30xx"])
def test_none_is_better_than_a_guess(text: str) -> None:
    assert meant(text, rules()) == ""
