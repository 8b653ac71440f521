"""JSON strings without Python's module for them, which says what is right."""

from __future__ import annotations

import json

from hypothesis import example, given
from hypothesis import strategies as st

from dockerlint.lint.syntax import json_strings


@given(st.text())
@example('a "quoted" \\ word')
@example("\x7f\x00\n")
@example("ä \udc80")
def test_it_is_written_as_json(text: str) -> None:
    written = json_strings.written(text)
    assert written == json.dumps(text, ensure_ascii=False)
    assert json_strings.read(written) == text


@given(st.text())
def test_escapes_are_read(text: str) -> None:
    assert json_strings.read(json.dumps(text)) == text
