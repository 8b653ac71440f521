"""RUN scripts: tables of texts and their commands, and properties that hold for any text."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockerlint.lint.shell import script as shell
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.parser import parse


def read(text: str) -> tuple[nodes.Dockerfile, nodes.Run, shell.Script]:
    doc = parse(f"FROM a\n{text}")
    run = doc.instructions[1]
    assert isinstance(run, nodes.Run)
    script = shell.script(doc, run)
    assert script is not None
    return doc, run, script


def commands(text: str) -> list[tuple[str, list[str], str, tuple[str, ...]]]:
    _, _, script = read(text)
    return [(item.name, [word.text for word in item.arguments], item.before, item.within) for item in script.commands]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RUN a b", [("a", ["b"], "", ())]),
        ("RUN a && b || c; d", [("a", [], "", ()), ("b", [], "&&", ()), ("c", [], "||", ()), ("d", [], ";", ())]),
        ("RUN a | b", [("a", [], "", ("pipeline",)), ("b", [], "|", ("pipeline",))]),
        ("RUN (a)", [("a", [], "", ("subshell",))]),
        ("RUN { a; }", [("a", [], "", ("group",))]),
        ("RUN ! a", [("a", [], "", ("negation",))]),
        (
            "RUN if a; then b; fi",
            [("a", [], "", ("condition",)), ("b", [], ";", ("condition",))],
        ),
        ("RUN for x in y; do a $x; done", [("a", ["$x"], ";", ("loop",))]),
        ("RUN a $(b)", [("a", ["$(b)"], "", ()), ("b", [], "", ("substitution",))]),
        ("RUN X=1 a", [("a", [], "", ())]),
        ("RUN X=1", [("", [], "", ())]),
        ("RUN export X=1", [("export", ["X=1"], "", ())]),
        ("RUN a 'b c' \"d $e\" f\\ g", [("a", ["b c", "d $e", "f g"], "", ())]),
        ("RUN a \\\n  b \\\n# c\n  d", [("a", ["b", "d"], "", ())]),
        ("RUN \\\n  a", [("a", [], "", ())]),
        ("RUN a\\\nb", [("ab", [], "", ())]),
        ("RUN é ü \\\n  ø", [("é", ["ü", "ø"], "", ())]),
        ("RUN <<EOF\na\nb c\nEOF", [("a", [], "", ()), ("b", ["c"], "\n", ())]),
        ("RUN <<EOF bash -e\na\nEOF", [("a", [], "", ())]),
        ("RUN [ -f x ] && a", [("a", [], "&&", ())]),
        ("RUN a # b && c", [("a", [], "", ())]),
        ("RUN a $B/c-$D.e", [("a", ["$B/c-$D.e"], "", ())]),
    ],
)
def test_commands(text: str, expected: list[tuple[str, list[str], str, tuple[str, ...]]]) -> None:
    assert commands(text) == expected


@pytest.mark.parametrize(
    ("text", "sources"),
    [
        ("RUN a b", ["a", "b"]),
        ("RUN a \\\n  # why\n  bb", ["a", "bb"]),
        ("RUN a\\\nb c", ["a\\\nb", "c"]),
        ("RUN é 'ü' 😀", ["é", "'ü'", "😀"]),
        ("RUN a \\\r\n  b\r\n", ["a", "b"]),
        ("RUN <<EOF\né b\nEOF\n", ["é", "b"]),
        ("RUN cat <<EOF > /x\nb\nEOF\n", ["cat"]),
        ("RUN a\udc80 b", ["a\udc80", "b"]),
    ],
)
def test_words_lie_where_they_are_written(text: str, sources: list[str]) -> None:
    doc, _, script = read(text)
    assert [doc.source(word.span) for word in script.commands[0].words] == sources


@pytest.mark.parametrize(
    ("text", "chained"),
    [
        ("a", True),
        ("a && b > c", True),
        ("a > c && b", True),
        ("a && \\\n # why\n b", True),
        ("[ -f x ] && a", True),
        ("A=1 && b", True),
        ("a &", False),
        ("a && b &", False),
        ("a # b", False),
        ("a; b", False),
        ("a;", False),
        ("a || b", False),
        ("a | b", False),
        ("(a)", False),
        ("! a", False),
        ("a $(b)", False),
        ("if a; then b; fi", False),
        ("f() { a; }", False),
        ("a &&", False),
    ],
)
def test_chained(text: str, chained: bool) -> None:
    assert read(f"RUN {text}")[2].chained is chained


@pytest.mark.parametrize(
    "text",
    [
        "cd /x", "command cd /x", "builtin cd /x", "pushd x", ". x", "source x", "eval x", "export A=1", "A=1", "set -e", "umask 0",
        "ulimit -n 1", "alias a=b", "exec a", "exit", "return", "trap a EXIT", "shopt -s x", "read x", "unset x", ": ${A:=1}",
        "echo $((A=1))", "A=1 :", "declare -x A=1", "readonly A=1", "coproc a",
    ],
)
def test_lasting(text: str) -> None:
    assert read(f"RUN {text}")[2].commands[0].lasting


@pytest.mark.parametrize("text", ["a", "A=1 a", "rm -rf /x", "echo ${A:-1}", "apt-get update", "echo ${A%=*}"])
def test_not_lasting(text: str) -> None:
    assert not read(f"RUN {text}")[2].commands[0].lasting


def test_whole_includes_redirections() -> None:
    doc, _, script = read("RUN a > x && b 2>&1 >y")
    assert [doc.source(item.whole) for item in script.commands] == ["a > x", "b 2>&1 >y"]


def test_core_is_the_script_without_blanks() -> None:
    doc, _, script = read("RUN   \\\n  a && \\\n  b  \\\n\n")
    assert doc.source(script.core) == "a && \\\n  b"


def test_tests_are_read() -> None:
    _, _, script = read("RUN [ -f /x -a ! -d /y ] && [[ $a == /z ]] && b")
    assert [next(word.text for word in item.words) for item in script.tests] == ["[", "[["]
    assert {"/x", "/y", "$a", "/z"} <= {word.text for item in script.tests for word in item.words}


@pytest.mark.parametrize(
    ("text", "exists"),
    [
        ('RUN ["a", "b"]', False),
        ("RUN <<EOF python3\nprint(1)\nEOF", False),
        ("RUN <<EOF\n#!/usr/bin/env python3\nprint(1)\nEOF", False),
        ("RUN <<EOF\n#!/bin/bash\na\nEOF", True),
        ("RUN a", True),
    ],
)
def test_only_shell_is_read(text: str, exists: bool) -> None:
    doc = parse(f"FROM a\n{text}\n")
    run = doc.instructions[1]
    assert isinstance(run, nodes.Run)
    assert (shell.script(doc, run) is not None) is exists


MANY = 10_000
DEEP = {
    "subshell": "(a;" * MANY + "b" + ")" * MANY,
    "substitution": "a $(" * MANY + "b" + ")" * MANY,
    "quoted": 'a "$(b ' * MANY + "c" + ')"' * MANY,
    "condition": "if a; then " * MANY + "b" + "; fi" * MANY,
    "group": "{ a;" * MANY + "b" + ";}" * MANY,
    "negation": "! " * MANY + "a",
    "open": "(" * MANY,
    "arithmetic": "a $((" * MANY + "1" + "))" * MANY,
    "expansion": "a ${b:-" * MANY + "c" + "}" * MANY,
}


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP.keys())
def test_deep_nesting(text: str) -> None:
    read(f"RUN {text}")


def test_what_is_left_out_is_not_sound() -> None:
    assert read("RUN " + DEEP["subshell"])[2].sound is False


PIECES = st.sampled_from(
    ["a", "bb", " ", "  ", "\t", " \\\n", "\\\n  ", "\n# c\n", " && ", "; ", " | ", "'x y'", '"$z"', "$(w)", "é", "😀", "(", ")", "\r\n"]
)


@given(st.lists(PIECES, max_size=30).map("".join))
def test_spans_lie_in_the_run_and_in_order(text: str) -> None:
    doc = parse(f"FROM a\nRUN {text}\n")
    for run in doc.instructions:
        if not isinstance(run, nodes.Run) or (script := shell.script(doc, run)) is None:
            continue
        assert run.span.contains(script.core)
        for item in script.commands:
            assert run.span.contains(item.whole)
            assert all(one.span.end <= other.span.start for one, other in pairwise(item.words))
            assert all(item.span.contains(word.span) for word in item.words)
        starts = [item.span.start for item in script.commands if not item.within]
        assert starts == sorted(starts)


def test_a_script_in_which_the_parser_tries_many_ways_is_not_read_whole() -> None:
    # 60,000 bytes of it took 8 s and 1.7 GB: found by the fuzz of the parser
    row = b"echo <(ls" + b")s" * 6_000
    tree, is_all = shell._tree(row)

    assert not is_all
    assert tree.root_node.end_byte <= shell.MOST_WRONG
    # what it was stopped in has no say in the next one
    assert str(shell._tree(b"echo a")[0].root_node) == "(program (command name: (command_name (word)) argument: (word)))"


@pytest.mark.parametrize("char", ["\u0100", "\u20ac", "\U0001f680", "\U000e0041", "\U0010ffff", "\udcf3"])
def test_no_character_goes_to_the_parser_that_it_cannot_look_up(monkeypatch: pytest.MonkeyPatch, char: str) -> None:
    # `${` and such a character crashed, depending on what lay behind the tables: found by the fuzz of the parser
    seen: list[bytes] = []
    real = shell._tree

    def watched(data: bytes) -> object:
        seen.append(data)
        return real(data)

    monkeypatch.setattr(shell, "_tree", watched)
    doc = parse(f"FROM a\nRUN echo {char}a é \"${{{char}}}\" b{char}c && d {char}\n")
    (run,) = (node for node in doc.instructions if isinstance(node, nodes.Run))
    found = shell.script(doc, run)

    assert found
    assert [max(data.decode()) <= "\xff" for data in seen] == [True]
    assert [word.text for word in found.commands[0].words[:3]] == ["echo", f"{char}a", "é"]
    assert [doc.source(word.span) for word in found.commands[-1].words] == ["d", char]
