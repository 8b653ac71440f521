"""What steps touch, and which may change places."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dockerlint.fixers.edits import apply
from dockerlint.fixers.effects.footprint import Clash, Footprint, footprint, overlap
from dockerlint.fixers.effects.precedence import Precedence, destination, links
from dockerlint.fixers.order.step_order import WIDEST, Reorder, is_costly, move_below, rewrite
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.context.build_context import Context
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.parser import parse

if TYPE_CHECKING:
    from pathlib import Path

NONE, POSSIBLE, CERTAIN = Clash.NONE, Clash.POSSIBLE, Clash.CERTAIN


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [("/a", "/a", True), ("/a", "/a/b", True), ("/a/", "/a", True), ("/ab", "/a", False), ("/", "/a", True), ("/a/b", "/a/c", False)],
)
def test_overlap(one: str, other: str, meet: bool) -> None:
    assert overlap(one, other) is overlap(other, one) is meet
    assert (Footprint.of([(one, CERTAIN), ("/z/y", CERTAIN)]).at(other) is CERTAIN) is meet
    assert (Footprint.of([(one, POSSIBLE)]).at(other) is POSSIBLE) is meet


def test_any_path() -> None:
    assert Footprint.of([(None, POSSIBLE), ("/a", CERTAIN)]).at("/b") is POSSIBLE
    assert Footprint.of([(None, CERTAIN)]).at("/b") is CERTAIN
    assert Footprint.of([]).at("/b") is NONE


def level(path: str, script: str, before: str = "") -> Clash:
    doc = parse(f"FROM scratch\nWORKDIR /w\n{before}RUN {script}\n")
    run = doc.instructions[-1]
    assert isinstance(run, nodes.Run)
    return footprint(Facts(doc), run).at(path)


@pytest.mark.parametrize(
    "script",
    [
        "[ -f /d/a ]", "[[ -f /d/a ]] && true", "test -f /d/a", "cd /d", "cd / && cat d/a", "tar cf /x / ", "find / -name x",
        "cat < /d/a", "echo > /d/a", "echo a >> /d/a", "cat /d/../d/a", "cat //d/a", "cat ../d/a", "cat /d*/a", "cat /?/a",
        "cat /{c,d}/a", "cat $X", "cat `echo /d`", "cat ~/a", "echo /d/*", "echo $(cat /d/a)", "X=/d/a cat /b", "frobnicate", "make",
        ". /b", "sh -c 'cat /d/a'", "sudo cat /d/a", "env X=1 cat /d/a", "xargs cat", "command /d/a", "which a", "type a",
        "tar xf /y.tar -C /d", "tar xf /y.tar -C/d", "tar --directory=/d -xf /y", "dd if=/d/a of=/b", "cp -t/d /b",
        "cp --target-directory=/d /b", "sed -f/d/a /b", "awk 'BEGIN{system(\"cat /d/a\")}'", "find /b -exec cat /d/a ';'",
        "find /b -exec frob {} +", "sha256sum -c /b", "curl https://example.org -o /b", "cat <<E\n$(cat /d/a)\nE", "cp -r /. /b",
        "(cat /d/a)", "if true; then cat /d/a; fi", "true || cat /d/a", "true & cat /d/a", "f() { cat /d/a; }; f", "(", "ls /",
        "apt-get install /d/a.deb", "apt-get -c=/d/a install b", "apt-get -c /d/a install b", "apt-get -o Dir::Etc=/d install b",
        "dnf install --installroot=/d b", "dnf install --installroot /d b", "dnf install /d/a.rpm",
        "pip install --target=/d b", "pip install -t /d b", "pip install -t/d b", "pip install -r /d/a", "pip install -r/d/a",
        "pip install --find-links=/d b", "PIP_CONSTRAINT=/d/a pip install b", "pip install $X", "pip install -e /d",
        "npm --prefix /d ci", "npm ci --prefix=/d", "npm -C /d ci", "npm i -g --prefix /d b", "yarn --cwd /d", "yarn --cwd=/d install",
        "go build -C /d", "go build -o /d/a", "go build -o=/d/a", "/d/bin/pip install b", "--mount=type=cache,target=/d true",
        "--mount=type=bind,target=/b true", "--mount=type=tmpfs,target=/d/x true", '["cat", "/d/a"]', '["sh", "-c", "cat /d/a"]',
    ],
)
def test_touched(script: str) -> None:
    assert level("/d", script) is CERTAIN


@pytest.mark.parametrize(
    "script",
    [
        "true", "echo a", "echo a > /b", "cat /b", "rm -rf /var/lib/apt/lists/*", "mkdir -p /b/c", "[ -f /b ]", "tar xf /y -C /b",
        "find /b -name x -delete", "cd /b && true", "apt-get update && apt-get install -y curl", "apk add --virtual .deps gcc",
        "dnf install -y --setopt=a=b httpd", '["apt-get", "install", "curl"]', "--mount=type=secret,id=a true", "X=1 true",
        "--mount=type=bind,from=b,target=/b true", "set -ex && echo a", "ls /b", "grep -r a /b", "chmod 755 /b",
    ],
)
def test_not_touched(script: str) -> None:
    assert level("/d", script) is NONE


@pytest.mark.parametrize(
    ("script", "touched"),
    [
        ("ls", True), ("ls /b", False), ("du -h", True), ("find -name x", True), ("find . -name x", True), ("find /b", False),
        ("tar xf /y", True), ("tar -xf /y -C /b", False), ("unzip /y", True), ("unzip /y -d /b", False), ("grep -r a", True),
        ("cat a", True), ("echo *", True), ("npm ci", True), ("go build", True),
        ("dd if=a of=/b", True), ("cat /b; cd /c; cat a", True),
    ],
)
def test_the_own_folder(script: str, touched: bool) -> None:
    assert (level("/w/a", script) is CERTAIN) is touched


@pytest.mark.parametrize("script", ["tar -xf /y -Csub", "cp -tsub /b", "apt-get install ./sub", "cat --x=sub", "sed -fsub /b"])
def test_files_in_the_own_folder(script: str) -> None:
    assert level("/w/sub", script) is CERTAIN


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("ENV APT_CONFIG=/d/a\n", CERTAIN),
        ("ENV LD_PRELOAD=/d/a\n", CERTAIN),
        ("ENV BASH_ENV=/d/a\n", CERTAIN),
        ("ENV PATH=/d:$PATH\n", POSSIBLE),
        ("ENV PYTHONPATH=/d\n", POSSIBLE),
        ("ENV APP=/d\n", NONE),
        ('SHELL ["/d/sh", "-c"]\n', CERTAIN),
        ("USER app\n", NONE),
    ],
)
def test_surroundings(setting: str, expected: Clash) -> None:
    assert level("/d", "apt-get install -y curl", setting) is expected


def between(copy: str, node: str) -> Clash:
    doc = parse(f"FROM scratch\nARG Y\nWORKDIR /w\n{copy}\n{node}\n")
    first = doc.instructions[3]
    assert isinstance(first, nodes.Copy)
    return Precedence(Facts(doc)).level(first, doc.instructions[4])


@pytest.mark.parametrize(
    ("copy", "node", "expected"),
    [
        ("COPY a /d/", "COPY b /e/", NONE),
        ("COPY a /d/", "COPY b /d/", CERTAIN),
        ("COPY a /d/a", "COPY . /", CERTAIN),
        ("COPY a .", "COPY --from=b /c /w/d", CERTAIN),
        ("COPY a $Y", "RUN true", CERTAIN),
        ("COPY a$X /d/", "ARG X=1", CERTAIN),
        ("COPY a$X /d/", "ENV X=1", CERTAIN),
        ("COPY --chown=$X a /d/", "ENV X=1", CERTAIN),
        ("COPY a /d/", "ENV X=1", NONE),
        ("COPY a d/", "WORKDIR /x", CERTAIN),
        ("COPY a /d/", "WORKDIR /x", NONE),
        ("COPY a /d/", "WORKDIR /", NONE),
        ("COPY a /d/", "WORKDIR $Y", CERTAIN),
        ("COPY a /d", "WORKDIR /d", CERTAIN),
        ("COPY a /d/", "WORKDIR /d", POSSIBLE),
        ("COPY . /d", "WORKDIR /d", NONE),
        ("COPY --chown=1 . /d", "WORKDIR /d/e", CERTAIN),
        ("COPY a /d/", "VOLUME /d", CERTAIN),
        ("COPY a /d/", "VOLUME /e", NONE),
        ("COPY a /d/", "USER app", NONE),
        ("COPY a /d/", "EXPOSE 80", NONE),
        ("COPY a /d/", "ONBUILD RUN cat /d/a", NONE),
        ("COPY a /d/", "FROM b", CERTAIN),
        ("COPY --chown=app a /d/", "RUN useradd app", CERTAIN),
        ("COPY --chown=1:2 a /d/", "RUN useradd app", NONE),
        ("COPY a /home/app/", "RUN useradd app", CERTAIN),
        ("COPY a /opt/", "RUN apt-get install curl", POSSIBLE),
        ("COPY a /usr/bin/", "RUN apt-get install curl", CERTAIN),
    ],
)
def test_clash(copy: str, node: str, expected: Clash) -> None:
    assert between(copy, node) is expected


def test_a_hidden_file_is_not_another_one(tmp_path: Path) -> None:
    (tmp_path / "env").write_text("")
    (tmp_path / ".env").mkdir()
    doc = parse("FROM scratch\nCOPY .env /d/\nCOPY env /d/\n")
    facts = Facts(doc, Context.of(tmp_path))
    hidden, plain = (node for node in doc.instructions if isinstance(node, nodes.Copy))
    assert destination(facts, hidden) == "/d"
    assert destination(facts, plain) == "/d/env"


@pytest.mark.parametrize(("script", "costly"), [("apt-get update", True), ("make", True), ("wget x", True), ("true", False), ("pip list", False)])
def test_is_costly(script: str, costly: bool) -> None:
    doc = parse(f"FROM a\nRUN {script}\n")
    run = doc.instructions[1]
    assert isinstance(run, nodes.Run)
    assert is_costly(Facts(doc), run) is costly


def test_links() -> None:
    doc = parse("FROM a\nRUN ln -s /usr /data && ln -s $X y\n")
    assert set(links(Facts(doc))) >= {"/usr", "/data", "/y"}


@pytest.mark.parametrize(
    ("text", "fixed"),
    [
        ("FROM a\nCOPY b c\nRUN d\nRUN e\n", "FROM a\nRUN d\nCOPY b c\nRUN e\n"),
        ("FROM a\nCOPY b c\nRUN d", "FROM a\nRUN d\nCOPY b c"),
        ("FROM a\r\nCOPY b c\r\nRUN d\r\n", "FROM a\r\nRUN d\r\nCOPY b c\r\n"),
        ("FROM a\n# b\nCOPY b c\n# d\nRUN d\n", "FROM a\n# d\nRUN d\n# b\nCOPY b c\n"),
        ("FROM a\nCOPY b \\\n# e\n  c\nRUN <<E\nd\nE\n", "FROM a\nRUN <<E\nd\nE\nCOPY b \\\n# e\n  c\n"),
        ("FROM a\nCOPY b c\nRUN d \\\n", None),
        ("FROM a\nCOPY b c\nRUN d \\\n# e\n", None),
    ],
)
def test_move_below(text: str, fixed: str | None) -> None:
    doc = parse(text)
    edits = move_below(doc, [doc.instructions[1]], doc.instructions[2])
    assert (apply(text, edits) if edits else None) == fixed


def test_several_keep_their_order() -> None:
    text = "FROM a\nCOPY b b\nENV x=y\n# c\nCOPY c c\nRUN d\n"
    doc = parse(text)
    edits = move_below(doc, [doc.instructions[1], doc.instructions[3]], doc.instructions[4])
    assert edits is not None
    assert apply(text, edits) == "FROM a\nENV x=y\nRUN d\nCOPY b b\n# c\nCOPY c c\n"


# ---------------------------------------------------------------- the better order of a stage


def plans_of(text: str, most: Clash = NONE, context: Context | None = None) -> list[str]:
    """The text after each plan for the last stage."""
    doc = parse(text)
    assert not doc.problems
    plans = Reorder(Facts(doc, context)).plans(doc.stages[-1], most)
    return [apply(text, rewrite(doc, plan) or ()) for plan in plans]


APT = "RUN apt-get update && apt-get install -y curl\n"
BASE = "FROM debian:12\n"


@pytest.mark.parametrize(
    "text",
    [
        "COPY a /d/a\nRUN touch /d/b && apt-get update\n",
        "COPY a /d/\nRUN cp /d/a /d/b\n" + APT,
        "COPY a /d/\nRUN --mount=type=cache,target=/x chmod 600 /d/a\n" + APT,
        "COPY a /d/\nRUN chmod 600 /d/a /etc/b\n" + APT,
        "COPY a /d/\nRUN chmod 600 /d/a\nUSER app\n" + APT,
        "COPY a /d/\nRUN chmod 600 /d/a\nWORKDIR /x\n" + APT,
        "COPY a /d/\nRUN chmod 600 $X\nENV X=/d/a\n" + APT,
        "COPY a.tar.gz /d/\nRUN cat /d/x && apt-get update\n",
        "COPY a /d/\nONBUILD RUN x\nRUN true\n",
        APT + "COPY a /d/\n",
        "COPY --from=b a /d/\n" + APT,
        "COPY <<E /d/a\nx\nE\n" + APT,
    ],
)
def test_no_plan(text: str) -> None:
    assert plans_of(BASE + text) == plans_of(BASE + text, POSSIBLE) == []


def test_probably_is_another_plan() -> None:
    text = f"{BASE}COPY a /opt/\n{APT}"
    assert plans_of(text) == []
    assert plans_of(text, POSSIBLE) == [f"{BASE}{APT}COPY a /opt/\n"]


@pytest.mark.parametrize("separator", [APT, APT + "RUN frobnicate\n"])
def test_a_window_ends_where_nothing_passes(separator: str) -> None:
    text = f"{BASE}COPY a /d/\n{separator}COPY b /e/\n{APT}"
    found = plans_of(text)
    if "frobnicate" in separator:
        assert len(found) == 2
        assert found[0] == f"{BASE}{APT}COPY a /d/\nRUN frobnicate\nCOPY b /e/\n{APT}"
    else:
        assert found == [f"{BASE}{APT}{APT}COPY a /d/\nCOPY b /e/\n"]


def test_a_copy_of_another_stage_goes_along() -> None:
    text = f"{BASE}COPY a /d/\nCOPY --from=b x /d/\n{APT}"
    assert plans_of(text) == [f"{BASE}{APT}COPY a /d/\nCOPY --from=b x /d/\n"]


def test_an_archive_is_where_it_is_unpacked(tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").write_text("")
    context = Context.of(tmp_path)
    assert plans_of(f"{BASE}ADD a.tar.gz /d/\nRUN cat /d/x && apt-get update\n", context=context) == []
    assert plans_of(f"{BASE}COPY a.tar.gz /d/\nRUN mkdir -p /d && cat /d/x && apt-get update\n", context=context) == []


def test_seldom_edited_and_slow_stays_above(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"{number}.c").write_text("x")
    with (tmp_path / "model.bin").open("wb") as file:
        file.truncate(20_000_000_000)
    context = Context.of(tmp_path)
    (tmp_path / "note.txt").write_text("x")
    text = f"{BASE}COPY model.bin /models/\nCOPY *.c /src/\nRUN apt-get update && cat /src/1.c\n"
    # below the update, each edit of a source would bring 20 GB again
    assert plans_of(text, context=context) == []
    assert plans_of(text.replace("model.bin", "note.txt"), context=context) != []


def test_a_big_stage_takes_no_time_for_each_pair() -> None:
    text = BASE + "".join(f"COPY a{number} /d{number}/\n{APT}" for number in range(300))
    doc = parse(text)
    found = list(Reorder(Facts(doc)).plans(doc.stages[0], NONE))
    assert len(found) >= 3
    assert all(len(plan.moves) <= WIDEST for plan in found)
    assert sorted(apply(text, rewrite(doc, found[0]) or ()).splitlines()) == sorted(text.splitlines())
