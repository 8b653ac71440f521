"""`dlint explain --why FILE:LINE`: the proof of a step's place, as the command shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dockerlint.lint.cli import main

if TYPE_CHECKING:
    from pathlib import Path

TEXT = """\
FROM debian:12
ARG GIT_SHA
COPY app.conf /data/app.conf
RUN chmod 600 /data/app.conf
RUN apt-get update && \\
    apt-get install -y curl
COPY . /srv/app
# the build
RUN make -C /srv/app
LABEL revision=$GIT_SHA
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "Dockerfile"
    path.write_text(TEXT)
    return path


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(["explain", *words])
    out, err = capsys.readouterr()
    return status, out, err


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        (1, ["FROM debian:12", "reads or writes unknown files"]),
        (2, ["sets variables: GIT_SHA", "line 9 `RUN make -C /srv/app`: this sets the variable GIT_SHA, line 9 may read the variable GIT_SHA", "it may go below line 7", "DF105: ", "safe fix", "seconds of a build that gets another value: "]),
        (3, ["writes files: /data/app.conf", "it must stay above", "line 4 `RUN chmod 600 /data/app.conf`: this writes /data, line 4 reads or writes /data/app.conf", "DF102: ", "safe fix: move 2 instructions further down", "expected seconds a build: "]),
        (4, ["it must stay below", "line 3 `COPY app.conf /data/app.conf`: line 3 writes /data, this reads or writes /data/app.conf", "it may go below line 7"]),
        (5, ["runs again in these cases: cold, source edit, base update"]),
        (6, [":5: RUN apt-get update && apt-get install -y curl"]),
        (9, ["reads or writes possibly any file"]),
        (10, ["writes LABEL revision", "reads variables: GIT_SHA", "line 2 `ARG GIT_SHA`: line 2 sets the variable GIT_SHA, this reads the variable GIT_SHA"]),
    ],
)  # fmt: skip
def test_what_is_told(file: Path, capsys: pytest.CaptureFixture[str], line: int, parts: list[str]) -> None:
    status, out, err = shown(capsys, "--why", f"{file}:{line}")
    assert (status, err) == (0, "")
    for part in parts:
        assert part in out


def test_the_fix_saves_seconds(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = shown(capsys, "--why", f"{file}:3")
    line = next(line for line in out.splitlines() if "expected seconds" in line)
    before, after = (float(word) for word in line.split() if word.replace(".", "").isdigit())
    assert before > after > 0


def test_what_stands_before_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text("ARG VERSION=12\nFROM debian:$VERSION\n")
    status, out, _ = shown(capsys, "--why", f"{path}:1")
    assert status == 0
    assert "sets variables: VERSION" in out
    assert "must stay" not in out


def test_long_lists_are_cut(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text("FROM a\n" + "RUN frobnicate\n" * 40)
    _, out, _ = shown(capsys, "--why", f"{path}:2")
    assert "and 27 more" in out


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ("{file}:8", "8: no instruction on this line"),
        ("{file}:99", "99: no instruction on this line"),
        ("{file}:0", "0: no instruction on this line"),
        ("{file}", "--why takes FILE:LINE"),
        ("{file}:x", "--why takes FILE:LINE"),
        ("{file}:\u00b2", "--why takes FILE:LINE"),
        ("{file}:-1", "--why takes FILE:LINE"),
        (":1", "--why takes FILE:LINE"),
        ("{file}:99999999999999999999", "--why takes FILE:LINE"),
        ("{file}.none:1", "no such file"),
        ("{folder}:1", "folder"),
    ],
)
def test_bad_input(file: Path, capsys: pytest.CaptureFixture[str], place: str, sentence: str) -> None:
    status, out, err = shown(capsys, "--why", place.format(file=file, folder=file.parent))
    assert (status, out) == (2, "")
    assert sentence in err
    assert "Traceback" not in err


def test_a_file_that_does_not_parse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text("FROM debian:12\nCOPPY a b\nRUN true\n")
    status, _, err = shown(capsys, "--why", f"{path}:3")
    assert status == 2
    assert "Dockerfile:2: " in err
    assert "mend that first" in err


def test_a_code_or_a_place(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in ((), ("DF102", "--why", f"{file}:1")):
        status, _, err = shown(capsys, *words)
        assert status == 2
        assert "CODE or --why FILE:LINE" in err


def test_nothing_of_a_file_acts_on_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text('FROM debian:12\nCOPY ["a", "/d/\x1b[2J/"]\nRUN cat "/d/\x1b[2J/a"\nENV X\x1b[31m=1\n')
    for line in (2, 3, 4):
        _, out, err = shown(capsys, "--why", f"{path}:{line}")
        assert "\x1b" not in out + err
