"""What each instruction finds: user, folder, shell, variables, and what is not known of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockerlint.lint.analysis.build_state import DEFAULT_SHELL, Settings, State
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.parser import parse


def last_state(text: str, **build_args: str) -> State:
    doc = parse(text)
    return Facts(doc, settings=Settings(build_args=build_args)).state(doc.instructions[-1])


@pytest.mark.parametrize(
    ("text", "user"),
    [
        ("FROM scratch", "root"),
        ("FROM python:3.12-slim", "root"),
        ("FROM some/where:1", None),
        ("FROM scratch\nUSER app", "app"),
        ("FROM scratch\nUSER app:group", "app:group"),
        ("FROM scratch\nUSER $WHO", ""),
        ("FROM scratch\nARG WHO\nUSER $WHO", None),
        ("FROM scratch\nARG WHO=app\nUSER $WHO", "app"),
        ("FROM some/where\nUSER ${WHO}", None),
        ("FROM scratch AS a\nUSER app\nFROM a", "app"),
        ("FROM scratch AS a\nUSER app\nFROM scratch", "root"),
    ],
)
def test_user(text: str, user: str | None) -> None:
    assert last_state(f"{text}\nRUN a").user == user


@pytest.mark.parametrize(
    ("text", "workdir"),
    [
        ("FROM scratch", "/"),
        ("FROM debian:bookworm-slim", None),
        ("FROM debian:bookworm-slim\nWORKDIR a", None),
        ("FROM debian:bookworm-slim\nWORKDIR /a", "/a"),
        ("FROM scratch\nWORKDIR /a/\nWORKDIR b/../c", "/a/c"),
        ("FROM scratch\nARG D=/x\nWORKDIR $D/y", "/x/y"),
        ("FROM scratch\nARG D\nWORKDIR $D/y", None),
        ("FROM debian:bookworm-slim\nWORKDIR $HOME", None),
        ("FROM scratch AS a\nWORKDIR /a\nFROM a\nWORKDIR b", "/a/b"),
        # longer than any folder's path may be
        ("FROM scratch" + "\nWORKDIR abc" * 2000, None),
    ],
)
def test_workdir(text: str, workdir: str | None) -> None:
    assert last_state(f"{text}\nRUN a").workdir == workdir


def test_shell() -> None:
    assert last_state("FROM scratch\nRUN a").shell == DEFAULT_SHELL
    assert last_state('FROM scratch AS a\nSHELL ["bash", "-c"]\nFROM a\nRUN a').shell == ("bash", "-c")


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("FROM scratch\nENV A=1", "A", "1"),
        ("FROM scratch\nENV A=1 B=$A", "B", ""),
        ("FROM scratch\nENV A=1\nENV B=$A", "B", "1"),
        ("FROM scratch\nARG A=1 B=$A", "B", "1"),
        ("FROM scratch\nARG A", "A", None),
        ("ARG A=1\nFROM scratch\nARG A", "A", "1"),
        ("ARG A=1\nFROM scratch\nARG A=2", "A", "2"),
        ("FROM scratch\nENV A=${B:-x}", "A", "x"),
        ("FROM debian\nENV A=${B:-x}", "A", None),
        ("FROM scratch\nENV A=$HTTP_PROXY", "A", None),
        ("FROM scratch\nENV A=$TARGETARCH", "A", ""),
        ("FROM scratch\nARG TARGETARCH\nENV A=$TARGETARCH", "A", None),
        ("FROM scratch\nENV A='$B'", "A", "$B"),
    ],
)
def test_variables(text: str, name: str, value: str | None) -> None:
    env = last_state(f"{text}\nRUN a").env
    assert name in env
    assert env[name] == value


def test_an_arg_before_from_does_not_reach_the_stage() -> None:
    assert "A" not in last_state("ARG A=1\nFROM scratch\nRUN a").env


def test_build_arguments_win() -> None:
    assert last_state("FROM scratch\nARG A=1\nRUN a", A="2").env["A"] == "2"
    assert last_state("ARG A=1\nFROM scratch\nARG A\nRUN a", A="2").env["A"] == "2"


@pytest.mark.parametrize(
    ("text", "image"),
    [
        ("FROM debian", "debian"),
        ("ARG T=12\nFROM debian:$T", "debian:12"),
        ("ARG T\nFROM debian:$T", None),
        ("FROM debian:$T", "debian:"),
        ("FROM --platform=$BUILDPLATFORM debian AS a\nFROM a", "debian"),
    ],
)
def test_image(text: str, image: str | None) -> None:
    doc = parse(text)
    assert Facts(doc).image(doc.stages[-1]) == image


@pytest.mark.parametrize(
    ("word", "path"),
    [("a", "/w/a"), ("a/", "/w/a/"), (".", "/w/"), ("./", "/w/"), ("/a/../b", "/b"), ("$U", None), ("'/a b'", "/a b")],
)
def test_path(word: str, path: str | None) -> None:
    doc = parse("FROM scratch\nARG U\nWORKDIR /w\nRUN a")
    assert Facts(doc).path(word, doc.instructions[-1]) == path


@pytest.mark.parametrize(
    ("text", "home"),
    [
        ("FROM scratch", "/root"),
        ("FROM scratch\nENV HOME=/h", "/h"),
        ("FROM scratch\nARG HOME", None),
        ("FROM scratch\nUSER app", "/home/app"),
        ("FROM scratch\nUSER 1000", None),
        ("FROM scratch\nUSER 0:0", "/root"),
    ],
)
def test_home(text: str, home: str | None) -> None:
    doc = parse(f"{text}\nRUN a")
    assert Facts(doc).home(doc.instructions[-1]) == home


def test_values_are_as_written() -> None:
    doc = parse("ARG A=1\nFROM scratch\nENV PATH=/x:$PATH\nENV PATH=/y:$PATH\n")
    assert Facts(doc).values == {"A": ("1",), "PATH": ("/x:$PATH", "/y:$PATH")}


def test_a_trigger_has_a_state() -> None:
    doc = parse("FROM scratch\nUSER app\nONBUILD RUN a\n")
    node = doc.instructions[-1]
    assert isinstance(node, nodes.Onbuild)
    assert Facts(doc).state(node.trigger).user == "app"


def test_mounts_have_absolute_targets() -> None:
    doc = parse("FROM scratch\nENV C=/c\nWORKDIR /w\nRUN --mount=type=cache,target=$C/x --mount=type=tmpfs,target=y a\n")
    facts = Facts(doc)
    run = doc.instructions[-1]
    assert isinstance(run, nodes.Run)
    assert [mount.target for mount in facts.mounts(run)] == ["/c/x", "/w/y"]
    assert facts.mounted(run, "/c/x/z")
    assert not facts.mounted(run, "/c")


def test_other_shells_have_no_script() -> None:
    doc = parse('FROM scratch\nSHELL ["powershell", "-Command"]\nRUN a\n')
    run = doc.instructions[-1]
    assert isinstance(run, nodes.Run)
    assert Facts(doc).script(run) is None
    assert Facts(doc).commands(run) == ()


# ---------------------------------------------------------------- what comes before

PIECES = ["FROM debian AS a\n", "FROM a AS b\n", "FROM b\n", "WORKDIR /a\n", "ENV A=1\n", "RUN a\n", "ONBUILD WORKDIR /b\n", "ARG A\n"]


@given(st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
def test_comes_before_is_said_of_what_is_before(text: str) -> None:
    facts = Facts(parse(text))
    tested: list[tuple[int, str]] = []

    def is_a(_: Facts, item: nodes.Instruction, name: str) -> bool:
        tested.append((item.span.start, name))
        return item.name == name

    for name in ("WORKDIR", "ENV", "ONBUILD"):
        for node in facts.every(nodes.Instruction):
            assert facts.comes_before(node, is_a, name) == any(item.name == name for item in facts.before(node))
    # once for its stage, once for those that are in none
    assert all(tested.count(item) <= 2 for item in tested)
