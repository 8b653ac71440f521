"""The walk over Lark's tables against Lark itself."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lark import Lark, Tree
from lark import Token as LarkToken
from lark.exceptions import UnexpectedInput, UnexpectedToken

from dockerlint.lint.syntax import grammar
from dockerlint.lint.syntax.lalr import Parser, Token, UnexpectedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

LINES = [
    "FROM a AS b",
    "from --platform=$X a as",
    "RUN --mount=type=cache,target=/a --network=none make \\\n  # why\n  all",
    "RUN",
    'RUN ["a", "b\\"", ""]',
    'RUN ["a"',
    "COPY --from=a b c d",
    'COPY --from=a ["b", "c d"]',
    'COPY ["b"]',
    "ENV a=b c='d e' f=\"g\\\nh\"",
    "ENV a b c",
    "ENV a=b c",
    "LABEL",
    "ARG a b=c",
    "HEALTHCHECK --interval=1s CMD a b",
    "HEALTHCHECK NONE",
    "ONBUILD ONBUILD COPY a b",
    "ONBUILD",
    "SHELL a",
    "SHELL []",
    "VOLUME a b",
    "EXPOSE -- 80",
    "STOPSIGNAL 9",
    "WORKDIR a b",
    "MAINTAINER",
    "unknown --a words",
    "\\",
    "",
]
PIECES = st.sampled_from(
    ["RUN", "COPY", "ENV", "ARG", "ONBUILD", "HEALTHCHECK", "SHELL", "FROM", "AS", " ", "--a=b", "--", "=", "a", "\\", "`", "\\\n", "[", "]", '"', "'", ",", "#", "\n"]
)


class _Trees:
    """A builder for any grammar: the name of each rule with its children."""

    def __getattr__(self, name: str) -> Callable[[list[Any]], Any]:
        if name.isupper():
            raise AttributeError(name)
        return lambda children: (name, *children)


@cache
def _lark(escape: str) -> Lark:
    found: Lark = grammar.lark_of(escape)
    return found


@cache
def _own(escape: str) -> Parser:
    return Parser(grammar.tables(escape), _Trees())


def _of_lark(item: Tree[LarkToken] | LarkToken) -> Any:
    if isinstance(item, LarkToken):
        assert item.start_pos is not None
        assert item.end_pos is not None
        return Token(item.type, item.value, item.start_pos, item.end_pos)
    return (str(item.data), *map(_of_lark, item.children))


def assert_same(line: str, escape: str = "\\") -> None:
    try:
        wanted = _of_lark(_lark(escape).parse(line, grammar.START))
    except UnexpectedInput as error:
        ended = isinstance(error, UnexpectedToken) and error.token.type == "$END"
        wanted = len(line) if ended else error.pos_in_stream
    try:
        found = _own(escape).parse(line)
    except UnexpectedError as error:
        found = error.at

    assert found == wanted


@pytest.mark.parametrize("line", LINES)
def test_lines(line: str) -> None:
    assert_same(line)
    assert_same(line.replace("\\", "`"), "`")


@given(st.lists(PIECES, max_size=20).map("".join), st.sampled_from("\\`"))
def test_any_line(line: str, escape: str) -> None:
    assert_same(line, escape)


def test_lines_of_the_corpus(corpus: Iterable[str]) -> None:
    logical = re.compile(grammar.tables("\\").terminals["LINE"])

    for line in {line.strip() for text in corpus for line in logical.findall(text)}:
        assert_same(line)


def test_tables_can_be_kept() -> None:
    made = grammar.made("\\")

    assert json.loads(json.dumps(made)) == made
