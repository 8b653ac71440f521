"""Lines of a file as it was, after fixes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dockerlint.fixers.edits import apply
from dockerlint.fixers.line_origins import LineOrigins
from dockerlint.fixers.loop import fix
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.engine.checker import check
from dockerlint.lint.engine.findings import Applicability, Finding, Fix
from dockerlint.lint.syntax.lines import Lines
from dockerlint.lint.syntax.span import Edit, Span


def after(text: str, place: str, *changes: tuple[str, str]) -> tuple[str, tuple[int, ...]]:
    """The text with a fix of a finding at a place made, and the origins of its lines."""
    edits = tuple(Edit(Span(text.index(old), text.index(old) + len(old)), new) for old, new in changes)
    at = text.index(place)
    finding = Finding(Span(at, at + len(place)), "found", Fix("mend it", edits, Applicability.SAFE))
    made = apply(text, edits)
    return made, LineOrigins.of(text).after(Lines(text), [finding], made).lines


def test_lines_that_stay_keep_their_numbers() -> None:
    assert after("a\nb\nc\n", "b", ("b\n", "")) == ("a\nc\n", (1, 3, 4))
    assert after("a\nb\nc\n", "b", ("b", "bb")) == ("a\nbb\nc\n", (1, 2, 3, 4))
    assert after("a\n  b\nc", "b", ("b", "bb")) == ("a\n  bb\nc", (1, 2, 3))


def test_a_line_that_moves_comes_from_where_it_was() -> None:
    assert after("a\nb\nc\nd\n", "b", ("b\n", ""), ("d", "b\nd")) == ("a\nc\nb\nd\n", (1, 3, 2, 4, 5))


def test_a_new_line_comes_from_that_of_its_finding() -> None:
    assert after("a\nb\nc\n", "c", ("a\n", "a\nnew\nnewer\n")) == ("a\nnew\nnewer\nb\nc\n", (1, 3, 3, 2, 3, 4))
    assert after("a\nb\nc\n", "c", ("b", "new\nb")) == ("a\nnew\nb\nc\n", (1, 3, 2, 3, 4))


def test_what_is_put_in_front_of_a_line_is_part_of_it() -> None:
    assert after("RUN a\nRUN b\n", "a", ("RUN a\n", ""), ("b", "a && b")) == ("RUN a && b\n", (2, 3))


def test_messages_name_the_lines_of_the_file_as_it_was() -> None:
    origins = LineOrigins((1, 7, 7, 4))
    assert origins.named("line 2 (line 4) of lines 2 and line 99, outline 3") == "line 7 (line 4) of lines 2 and line 4, outline 3"


@given(st.lists(st.sampled_from(["RUN a", "  x", "", "# c"]), min_size=1), st.data())
def test_there_is_an_origin_for_each_line(lines: list[str], data: st.DataObject) -> None:
    text = "\n".join(lines)
    at = sorted(data.draw(st.lists(st.integers(0, len(text)), min_size=2, max_size=2)))
    edit = Edit(Span(*at), data.draw(st.sampled_from(["", "\n", "new\n", "a && ", "\n\nx"])))
    made = apply(text, [edit])
    finding = Finding(edit.span, "found", Fix("mend it", (edit,), Applicability.SAFE))
    origins = LineOrigins.of(text).after(Lines(text), [finding], made)
    assert len(origins.lines) == made.count("\n") + 1
    assert all(1 <= line <= len(lines) for line in origins.lines)


def test_the_loop_tells_lines_of_the_file_as_it_was() -> None:
    text = "FROM node:22\nMAINTAINER me\nWORKDIR /app\nRUN apt-get update\nRUN apt-get install -y curl\nRUN yarn install\nCMD node .\n"
    outcome = fix(text, lambda doc: check(doc, Facts(doc)))
    lines = text.splitlines()
    made = {(item.code, lines[item.line - 1]) for item in outcome.applied}
    assert made >= {
        ("DL4000", "MAINTAINER me"),
        ("DF104", "RUN apt-get update"),
        ("DL3009", "RUN apt-get install -y curl"),
        ("DF103", "RUN yarn install"),
        ("DL3025", "CMD node ."),
    }
    assert {(item.code, item.line) for item in outcome.settled} >= {("DL3009", 4), ("DL3060", 6)}
    assert "DF103" not in {item.code for item in outcome.settled if item.line == 6}
