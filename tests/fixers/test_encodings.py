"""Byte order marks, line ends and bytes that are no UTF-8: fixes keep them, and the dump shows them as BuildKit does."""

from __future__ import annotations

import random
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from dockerlint.fixers.edits import apply
from dockerlint.fixers.loop import fix
from dockerlint.lint.analysis.build_state import Settings
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.engine.checker import check
from dockerlint.lint.engine.registry import rules
from dockerlint.lint.syntax.buildkit_dump import buildkit
from dockerlint.lint.syntax.parser import parse
from dockerlint.lint.syntax.source import decode, encode
from dockerlint.lint.syntax.span import Edit, Span

if TYPE_CHECKING:
    from dockerlint.lint.engine.findings import Finding
    from dockerlint.lint.syntax.nodes import Dockerfile

BOM = "\ufeff"
TEXTS = [
    "FROM debian:12\nRUN go generate -x ./...\nRUN go build -o app .\n", "RUN go generate -x ./...\nRUN go build -o app .\n", "MAINTAINER me\nFROM debian\nADD a b\n",
    "# why\nFROM debian\nRUN apt-get install curl\nRUN apt-get install wget\n", "FROM debian\nCOPY . .\nRUN pip install -r requirements.txt\n", "# TODO\n\nfrom debian as X\nCOPY a b\nCMD x\nCMD y\n",
    "ARG unused\nFROM debian\nRUN cd /tmp && x\n", "\n\nFROM debian\nexpose 80\nENV a b\n", "# dlint ignore=DL3000\nFROM debian\n", "# dlint ignore=DL3000\n# b\nFROM debian\nMAINTAINER a\n",
    "FROM node\nWORKDIR app\nRUN npm install\nRUN npm run build\n", "FROM golang:1.22\nWORKDIR /src\nCOPY . .\nRUN go build -o /app .\nCMD [\"/app\"]\n",
]  # fmt: skip


def fixed(text: str) -> str:
    def find(doc: Dockerfile) -> list[Finding]:
        return check(doc, Facts(doc, None, Settings(preset="all")), rules())

    return fix(text, find, unsafe=True).text


@pytest.mark.parametrize("text", TEXTS)
def test_a_byte_order_mark_stays_in_front_of_all(text: str) -> None:
    assert fixed(BOM + text) == BOM + fixed(text)


@pytest.mark.parametrize("text", TEXTS)
def test_line_ends_stay_as_they_are(text: str) -> None:
    assert fixed(text.replace("\n", "\r\n")) == fixed(text).replace("\n", "\r\n")
    assert fixed(BOM + text.replace("\n", "\r\n")) == BOM + fixed(text).replace("\n", "\r\n")


def test_real_files_with_other_marks_and_line_ends(corpus: list[str]) -> None:
    dice = random.Random(24)  # noqa: S311 - a sample
    for text in islice((item for item in dice.sample(corpus, 60) if "\r" not in item and BOM not in item), 25):
        once = fixed(text)
        assert fixed(BOM + text.replace("\n", "\r\n")) == BOM + once.replace("\n", "\r\n")


@pytest.mark.parametrize(
    ("edits", "wanted"),
    [
        ([Edit(Span(0, 0), "# a\n")], BOM + "# a\nFROM x\n"), ([Edit(Span(0, 8), "")], BOM), ([Edit(Span(0, 1), "")], BOM + "FROM x\n"),
        ([Edit(Span(0, 5), "from")], BOM + "from x\n"), ([Edit(Span(0, 0), "a\n"), Edit(Span(0, 0), "b\n")], BOM + "a\nb\nFROM x\n"),
    ],
)  # fmt: skip
def test_edits_at_a_byte_order_mark(edits: list[Edit], wanted: str) -> None:
    assert apply(BOM + "FROM x\n", edits) == wanted


@pytest.mark.parametrize(
    ("line", "wanted"),
    [("\r\t", ""), (" \r ", ""), ("RUN x\r ", "RUN x\r "), ("WORKDIR /a\r  ", "WORKDIR /a"), ("# a\r\t", "# a"), ("\r \r \r ", ""), ("# a \r\r", "# a \r\r")],
)
def test_a_cr_that_ends_no_line_does_not_become_one_that_does(line: str, wanted: str) -> None:
    text = f"FROM debian:12\n{line}\nUSER 1000\n"
    done = fixed(text)
    # a CR at the end of a line is a part of its end
    if not line.endswith("\r"):
        assert "\r\n" not in done
    assert f"\n{wanted}\nUSER 1000\n" in done or f"\n{wanted.rstrip()}\nUSER 1000\n" in done


def test_a_fix_that_would_make_a_line_end_is_not_made() -> None:
    for text in ("FROM a\nENV A=1\\\r\\\n\nUSER 1\n", "FROM debian\nRUN a \r && cd /b\n", "FROM debian\nEXPOSE 80/tcp\r80/tcp\nLABEL a=b\rc=d \n", "FROM debian AS x\r \nUSER root\r \nUSER 1\n"):
        assert "\r\n" not in fixed(text) or "\r\n" in text


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (b"RUN a\xffb", '(run "a\\xffb")'), (b"LABEL a=\xc3\x28", '(label "a" "\\xc3(" "=")'), (b"RUN \xed\xa0\x80", '(run "\\xed\\xa0\\x80")'), (b"RUN \xc3\xa9", '(run "\u00e9")'),
        (b"RUN \xf4\x90\x80\x80 \x80", '(run "\\xf4\\x90\\x80\\x80 \\x80")'), (b"COPY \xff \xfe", '(copy "\\xff" "\\xfe")'), (b"RUN a\xc2\x85b", '(run "a\\u0085b")'), (b"RUN a\x7f", '(run "a\\x7f")'),
    ],
)  # fmt: skip
def test_the_dump_shows_bytes_that_are_no_utf_8_as_go_does(data: bytes, wanted: str) -> None:
    assert buildkit(parse(decode(b"FROM a\n" + data + b"\n"))).splitlines()[1] == wanted


@pytest.mark.parametrize("text", TEXTS)
def test_bytes_that_are_no_utf_8_stay(text: str) -> None:
    assert encode(fixed(f"# a\udcff\udc80\n\n{text}")).count(b"a\xff\x80\n") == 1
