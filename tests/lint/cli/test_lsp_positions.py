"""Places of editors against a plain reading of the protocol's words, and edits against splices."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("pygls")

from lsprotocol.types import (
    Position,
    PositionEncodingKind,
    Range,
    TextDocumentContentChangePartial,
    TextDocumentContentChangeWholeDocument,
)

from dockerlint.lint.cli.lsp.documents import Document
from dockerlint.lint.cli.lsp.positions import Positions
from dockerlint.lint.syntax.span import Edit, Span

# Line breaks of the protocol and of others, and characters of one to four bytes and one or two UTF-16 units.
TEXTS = st.text(st.sampled_from("ab \n\r\f\v\x1c\x85\u2028é語😀\udc80\ufeff"), max_size=30)
ENCODINGS = st.sampled_from([PositionEncodingKind.Utf8, PositionEncodingKind.Utf16, PositionEncodingKind.Utf32])
CODECS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


def units(text: str, encoding: str) -> int:
    codec, size = CODECS[encoding]
    return len(text.encode(codec, "surrogatepass")) // size


def place(text: str, offset: int, encoding: str) -> Position:
    """Lines and columns by counting."""
    lines = re.split(r"\r\n|\n|\r", text[:offset])
    return Position(len(lines) - 1, units(lines[-1], encoding))


def within_break(text: str, offset: int) -> bool:
    return 0 < offset < len(text) and text[offset - 1 : offset + 1] == "\r\n"


@given(TEXTS, ENCODINGS, st.data())
def test_places_of_characters(text: str, encoding: str, data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, len(text)).filter(lambda item: not within_break(text, item)))
    places = Positions(text, encoding)

    assert places.position(offset) == place(text, offset, encoding)
    assert places.offset(place(text, offset, encoding)) == offset


@given(TEXTS, ENCODINGS, st.integers(0, 40), st.integers(0, 90))
def test_any_place_is_a_character(text: str, encoding: str, line: int, column: int) -> None:
    places = Positions(text, encoding)
    offset = places.offset(Position(line, column))
    lines = re.split(r"\r\n|\n|\r", text)

    assert 0 <= offset <= len(text)
    if line >= len(lines):
        assert offset == len(text)
    elif column >= units(lines[line], encoding):
        assert places.position(offset) == Position(line, units(lines[line], encoding))


@given(TEXTS, ENCODINGS, st.tuples(*[st.integers(0, 40)] * 4))
def test_a_range_may_be_given_from_its_end(text: str, encoding: str, ends: tuple[int, int, int, int]) -> None:
    places = Positions(text, encoding)
    one, other = Position(*ends[:2]), Position(*ends[2:])
    found = places.span(Range(one, other))

    assert found == places.span(Range(other, one))
    assert found.start <= found.end


def test_within_a_character_is_its_start() -> None:
    assert Positions("a😀b").offset(Position(0, 2)) == 1
    assert Positions("é", PositionEncodingKind.Utf8).offset(Position(0, 1)) == 0


@given(TEXTS, ENCODINGS, st.data())
def test_edits_are_splices(text: str, encoding: str, data: st.DataObject) -> None:
    document = Document("file:///Dockerfile", 1, Positions(text, encoding))
    changes: list[TextDocumentContentChangePartial | TextDocumentContentChangeWholeDocument] = []
    for _ in range(data.draw(st.integers(1, 4))):
        new = data.draw(TEXTS)
        if data.draw(st.integers(0, 5)) == 0:
            changes.append(TextDocumentContentChangeWholeDocument(new))
            text = new
            continue
        at = st.sampled_from([item for item in range(len(text) + 1) if not within_break(text, item)])
        start, end = sorted((data.draw(at), data.draw(at)))
        changes.append(
            TextDocumentContentChangePartial(Range(place(text, start, encoding), place(text, end, encoding)), new)
        )
        text = text[:start] + new + text[end:]

    assert document.edited(changes, 2).text == text
    assert document.edited(changes, 2).version == 2
    assert document.edited(changes, 2).places.span(document.places.range(Span(0, 0))) == (0, 0)


@given(TEXTS, ENCODINGS, st.data())
def test_edits_of_ours_are_made_as_editors_make_them(text: str, encoding: str, data: st.DataObject) -> None:
    start, end = sorted((data.draw(st.integers(0, len(text))), data.draw(st.integers(0, len(text)))))
    made = Positions(text, encoding).edit(Edit(Span(start, end), "new"))
    change = TextDocumentContentChangePartial(made.range, made.new_text)

    for place in (made.range.start, made.range.end):
        assert not within_break(text, Positions(text, encoding).offset(place))
    document = Document("file:///Dockerfile", 1, Positions(text, encoding))
    assert document.edited([change], 2).text == text[:start] + "new" + text[end:]
