"""The lines of `verification.toml` that switch a verification off."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockerlint.lint.catalogue import tables
from dockerlint.rules.DF405_verification_off import TEXT

LINES = tables.table("lint/catalogue/data/verification.toml")["text"]


@pytest.mark.parametrize("line", LINES, ids=lambda line: line["holds"])
@given(data=st.data())
def test_what_is_looked_for_first_is_in_each(line: dict[str, Any], data: st.DataObject) -> None:
    text = data.draw(st.from_regex(re.compile(line["pattern"], TEXT)))
    assert line["holds"] in text.lower()
