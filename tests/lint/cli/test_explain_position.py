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
        (1, ["FROM debian:12", "dlint cannot tell what it reads and writes"]),
        (2, ["sets variables: GIT_SHA", "line 9: `ARG GIT_SHA` sets GIT_SHA, which `RUN make -C /srv/app` may read\n", "it may move below line 7: lines 3 to 7 neither read what it writes, nor write", "DF105: ", "safe fix", "seconds of a build that gets another value: "]),
        (3, ["writes /data/app.conf", "it must stay above", "line 4: `COPY app.conf /data/app.conf` writes /data/app.conf, which `chmod 600 /data/app.conf` reads or writes\n", "DF102: ", "safe fix: move 2 instructions further down", "expected seconds a build: "]),
        (4, ["it must stay below", "line 3: `COPY app.conf /data/app.conf` writes /data/app.conf, which `chmod 600 /data/app.conf` reads or writes\n", "it may move below line 7"]),
        (5, ["runs again in these cases: cold, source edit, base update", "`apt-get install -y curl` may read or write the image's programs, libraries and settings, and /var/lib/dpkg/status\n"]),
        (6, [":5: RUN apt-get update && apt-get install -y curl"]),
        (9, ["`make -C /srv/app` may read or write any file: dlint does not know what it does", "line 7: dlint cannot tell which files `make -C /srv/app` reads or writes\n", "line 5: dlint cannot tell which files `make -C /srv/app` reads or writes\n"]),
        (10, ["sets LABEL revision", "reads variables: GIT_SHA", "line 2: `ARG GIT_SHA` sets GIT_SHA, which `LABEL revision=$GIT_SHA` reads\n"]),
    ],
)  # fmt: skip
def test_what_is_told(file: Path, capsys: pytest.CaptureFixture[str], line: int, parts: list[str]) -> None:
    status, out, err = shown(capsys, "--why", f"{file}:{line}")
    assert (status, err) == (0, "")
    for part in parts:
        assert part in out


@pytest.mark.parametrize(
    ("steps", "sentence"),
    [
        ("RUN npm install -g typescript\nRUN npm ci", "`npm install -g typescript` may write /usr/local/lib/node_modules, which `npm ci` reads or writes"),
        ("RUN apt-get update && apt-get install -y git\nRUN apt-get install -y curl", "`apt-get install -y git` may write /var/lib/dpkg/status, which `apt-get install -y curl` reads or writes"),
        ("RUN apk add git\nRUN apk add curl", "`apk add git` may write /lib/apk/db/installed, which `apk add curl` reads or writes"),
        ("RUN apt-get update && apt-get install -y git\nRUN pip install flask", "`apt-get install -y git` may install or change `pip`, or a library that it needs, and `pip install flask` runs it"),
        ("RUN pip install flask\nRUN apt-get update && apt-get install -y git", "`pip install flask` may install or change `apt-get`, or a library that it needs, and `apt-get install -y git` runs it"),
        ("RUN apt-get install -y git\nRUN useradd -m app", "`apt-get install -y git` may write /etc/passwd, which `useradd -m app` reads or writes"),
        ("RUN useradd -m app\nUSER app", "`useradd -m app` writes /etc/passwd, which `USER app` reads"),
        ("RUN id\nUSER app", "`RUN id` uses the user before `USER app` sets it"),
        ("WORKDIR /srv\nCOPY a b", "`WORKDIR /srv` sets the working folder, which `COPY a b` uses"),
        ("COPY package.json ./\nRUN npm ci", "`COPY package.json ./` writes /package.json, which `npm ci` may read or write"),
        ("COPY src /srv\nCOPY package.json /srv/", "`COPY src /srv` writes files below /srv, `COPY package.json /srv/` writes /srv/package.json: the later one holds"),
        ("RUN chmod 600 /d/x\nRUN curl -fsSL https://a.example/x -o /usr/local/bin/x", "`chmod 600 /d/x` runs programs, and `curl -fsSL https://a.example/x -o /usr/local/bin/x` may change /usr/local/bin/x"),
        ("RUN curl -fsSL https://a.example/x -o /usr/local/bin/x\nRUN chmod 600 /d/x", "`curl -fsSL https://a.example/x -o /usr/local/bin/x` may change /usr/local/bin/x, and `chmod 600 /d/x` runs programs"),
        ("RUN apt-get install -y git\nRUN chmod 600 /etc/app.conf", "`apt-get install -y git` may read or write /etc/app.conf, which `chmod 600 /etc/app.conf` reads or writes"),
        ("LABEL a=b\nLABEL a=c", "`LABEL a=b` and `LABEL a=c` both set LABEL a: the later one holds"),
        ("COPY a /x$Y/\nRUN id", "`COPY a /x$Y/` may change anything that `RUN id` reads or writes"),
        ('RUN ["frob"]\nRUN chmod 600 /d/x', 'dlint cannot tell which files `["frob"]` reads or writes'),
        ("ENV A=1\nRUN echo $A >/d/x", "`ENV A=1` sets A, which `echo $A` reads"),
    ],
)
def test_the_reason_names_commands_and_files(tmp_path: Path, capsys: pytest.CaptureFixture[str], steps: str, sentence: str) -> None:
    (tmp_path / "package.json").write_text('{"name": "a"}')
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.js").write_text("")
    path = tmp_path / "Dockerfile"
    path.write_text(f"FROM node:20\nARG Y\n{steps}\n")
    _, below, _ = shown(capsys, "--why", f"{path}:3")
    _, above, _ = shown(capsys, "--why", f"{path}:4")
    assert f"  line 4: {sentence}\n" in below
    assert f"  line 3: {sentence}\n" in above


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
    assert "fix that first" in err


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
