from __future__ import annotations

import importlib.util
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockerlint.lint.cli import main

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("pygal")

BAD = "FROM node:22-slim\nWORKDIR /app\nCOPY . .\nRUN npm install\nCMD [\"node\", \"index.js\"]\n"
STAGES = "FROM golang:1.23 AS build\nCOPY . /src\nRUN go build -o /app /src\nFROM debian:12\nCOPY --from=build /app /app\n"
HOSTILE = (
    'FROM debian:12 AS "x><script>alert(1)</script>"\n'
    "RUN echo '</style></svg><img src=x onerror=alert(1)>' \"&quot;\" # \u202eevil\u202c \x1b[31m\n"
    "COPY \"a<b>&'c\" /x\n"
)


class Page(HTMLParser):
    """The tags and attributes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "package.json").write_text('{"dependencies": {"express": "4.19.2"}}')
    (tmp_path / "package-lock.json").write_text('{"lockfileVersion": 3}')
    (tmp_path / "index.js").write_text("")
    return tmp_path


def written(folder: Path, text: str, *words: str) -> Page:
    (folder / "Dockerfile").write_text(text)
    assert main(["cost", "--no-config", "--html", "page.html", "Dockerfile", *words]) == 0
    return Page((folder / "page.html").read_text())


@pytest.mark.parametrize("text", [BAD, STAGES, HOSTILE, "FROM scratch\n", "FROM a\n" + "RUN true\n" * 200])
def test_a_page_stands_alone_and_runs_nothing(folder: Path, text: str) -> None:
    page = written(folder, text)
    assert not {"script", "iframe", "img", "link", "object", "embed", "form", "a"} & set(page.tags)
    assert not [name for _, name, _ in page.attributes if name.startswith("on") or name in ("href", "src", "style", "xlink:href")]
    policies = [value or "" for tag, _, value in page.attributes if tag == "meta" and value and "default-src" in value]
    assert len(policies) == 1
    assert policies[0].startswith("default-src 'none'")
    assert "url(" not in (folder / "page.html").read_text()


def test_hostile_text_is_shown_and_does_nothing(folder: Path) -> None:
    page = written(folder, HOSTILE)
    assert "<img src=x" in page.words
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00-\x08\x1b]", (folder / "page.html").read_text())


def test_each_chart_has_words_for_who_does_not_see_it(folder: Path) -> None:
    page = written(folder, BAD)
    names = [value or "" for tag, name, value in page.attributes if tag == "svg" and name == "aria-labelledby"]
    hidden = [value for tag, name, value in page.attributes if tag == "svg" and name == "aria-hidden"]
    assert len(names) + len(hidden) == page.tags.count("svg") > 0
    known = {value for _, name, value in page.attributes if name == "id"}
    assert {part for value in names for part in value.split()} <= known
    # bars say nothing that is not in the words above them
    assert len(hidden) > len([name for name in page.tags if name == "li"]) / 2
    assert page.tags.count("table") >= 2


def kinds(page: Page, kind: str) -> int:
    return sum(value == kind for tag, name, value in page.attributes if name == "class" and tag in ("rect", "line"))


def test_words_are_whole(folder: Path) -> None:
    long = "RUN " + " && ".join(f"echo {number}" for number in range(20))
    page = written(folder, f"FROM debian:12\n{long}\n")
    assert f"2 {long[:100]}" in page.words
    assert not [word for word in re.findall(r"[\d,.]+ ?…|\.\.\.", page.words) if word != "..."]


def test_the_base_does_not_dwarf_the_layers(folder: Path) -> None:
    small = written(folder, "FROM node:22\nCOPY index.js /\nRUN apt-get update && apt-get install -y --no-install-recommends tini\n")
    assert kinds(small, "cut") > 0
    assert "longer than the axis" in small.words
    large = written(folder, "FROM alpine:3.20\nRUN apk add --no-cache nodejs npm python3 g++\n")
    assert (kinds(large, "cut"), "longer than the axis" in large.words) == (0, False)
    alone = written(folder, "FROM debian:12\n")
    assert kinds(alone, "cut") == 0


def test_what_is_not_known_looks_so(folder: Path) -> None:
    page = written(folder, "FROM registry.example/none:1\nRUN frobnicate\n")
    assert kinds(page, "unknown") > 1
    assert "size unknown 1 FROM registry.example/none:1" in page.words
    assert "not known how much more" in page.words
    # one part that nobody knows takes nothing from the others
    mixed = written(folder, "FROM registry.example/none:1\nRUN ./setup.sh\nRUN apt-get update && apt-get install -y curl\n")
    assert "60 MB" in mixed.words
    assert "size unknown 2 RUN ./setup.sh" in mixed.words
    known = written(folder, "FROM debian:12\nRUN echo a > /b\n")
    assert kinds(known, "unknown") == 0
    assert "not known how much more" not in known.words


@given(st.floats(1, 1e12))
def test_an_axis_ends_at_a_round_figure(most: float) -> None:
    pytest.importorskip("pygal", reason="dockerlint[html] is not installed")
    from dockerlint.fixers.cost.page.rows import round_end

    end = round_end(most)
    assert most <= end <= 1.7 * most
    assert float(f"{end:.2g}") == pytest.approx(end)


def test_before_and_after_the_safe_fixes(folder: Path) -> None:
    words = written(folder, BAD).words
    assert "after dlint --fix" in words
    assert "DF101" in words
    assert "after dlint --fix" not in written(folder, "FROM debian:12\nRUN true\n").words


def test_two_files_are_compared(folder: Path) -> None:
    (folder / "Other").write_text("FROM alpine:3.20\n")
    words = written(folder, BAD, "--compare", "Other").words
    assert "Other" in words


def test_it_is_written_whole_or_not_at_all(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "Dockerfile").write_text(BAD)
    assert main(["cost", "--no-config", "--html", "no/such/page.html", "Dockerfile"]) == 2
    assert "no/such/page.html" in capsys.readouterr().err


def test_without_the_library_it_says_what_to_install(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "Dockerfile").write_text(BAD)
    monkeypatch.setattr(importlib.util, "find_spec", lambda *_: None)
    assert main(["cost", "--no-config", "--html", "page.html", "Dockerfile"]) == 2
    assert "pip install 'dockerlint[html]'" in capsys.readouterr().err
    assert not (folder / "page.html").exists()
