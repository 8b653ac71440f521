"""Text edits: what they change, and that all else stays as it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockerlint.fixers import edits
from dockerlint.lint.shell import script as shell
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.parser import parse
from dockerlint.lint.syntax.span import Edit, Span


def run_of(text: str) -> tuple[nodes.Dockerfile, nodes.Run, shell.Script]:
    doc = parse(text)
    run = next(node for node in doc.instructions if isinstance(node, nodes.Run))
    script = shell.script(doc, run)
    assert script is not None
    return doc, run, script


def test_apply() -> None:
    made = [Edit(Span(4, 4), "X"), Edit(Span(0, 1), ""), Edit(Span(4, 4), "Y"), Edit(Span(2, 3), "--")]
    assert edits.apply("abcdef", made) == "b--dXYef"


@given(st.text(max_size=20), st.lists(st.tuples(st.integers(0, 20), st.integers(0, 5), st.text(max_size=3)), max_size=4))
def test_what_lies_outside_stays(text: str, wanted: list[tuple[int, int, str]]) -> None:
    made = [Edit(Span(min(at, len(text)), min(at + size, len(text))), new) for at, size, new in wanted]
    if not edits.are_apart(made):
        return
    ordered = sorted(made, key=lambda edit: edit.span)
    outside = [
        text[one.span.end : other.span.start]
        for one, other in zip(
            [Edit(Span(0, 0), ""), *ordered], [*ordered, Edit(Span(len(text), len(text)), "")], strict=True
        )
    ]
    inside = [edit.text for edit in ordered]
    assert edits.apply(text, made) == "".join(a + b for a, b in zip(outside, [*inside, ""], strict=True))


LONG = "a" * 115


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [((0, 1), (1, 2), True), ((0, 2), (1, 3), False), ((1, 1), (1, 1), True), ((0, 3), (1, 1), False), ((1, 1), (1, 3), True)],
)
def test_are_apart(one: tuple[int, int], other: tuple[int, int], apart: bool) -> None:
    assert edits.are_apart([Edit(Span(*other), ""), Edit(Span(*one), "")]) is apart


@pytest.mark.parametrize(
    ("text", "fixed"),
    [
        ("RUN a X b\n", "RUN a b\n"),
        ("RUN a \\\n  X \\\n  b\n", "RUN a \\\n  b\n"),
        ("RUN a \\\r\n  X \\\r\n  b\r\n", "RUN a \\\r\n  b\r\n"),
        ("RUN a \\\n  b \\\n  X\n", "RUN a \\\n  b\n"),
        ("RUN a \\\n  b \\\n  X", "RUN a \\\n  b"),
        ("RUN a \\\n  # why\n  X \\\n  b\n", "RUN a \\\n  # why\n  b\n"),
        ("RUN a \\\n  X b\n", "RUN a \\\n  b\n"),
        ("# escape=`\nRUN a `\n  X `\n  b\n", "# escape=`\nRUN a `\n  b\n"),
        ("RUN a X", "RUN a"),
        ("RUN a\tX\tb", "RUN a\tb"),
        ("RUN <<E\na\nX\nE\n", "RUN <<E\na\n\nE\n"),
        ("RUN a \\\n  b\nRUN <<E\nc\n  X\nE\n", "RUN a \\\n  b\nRUN <<E\nc\n\nE\n"),
    ],
)
def test_remove_word(text: str, fixed: str) -> None:
    doc = parse(text)
    at = text.index("X")
    assert edits.apply(text, [edits.remove_word(doc, Span(at, at + 1))]) == fixed


@pytest.mark.parametrize(
    ("text", "fixed"),
    [
        ("FROM a\nRUN X\nRUN b\n", "FROM a\nRUN b\n"),
        ("FROM a\nRUN X", "FROM a\n"),
        ("FROM a\r\nRUN X\r\nRUN b\r\n", "FROM a\r\nRUN b\r\n"),
        ("FROM a\n\nRUN X\n\nRUN b\n", "FROM a\n\nRUN b\n"),
        ("FROM a\n\nRUN X\nRUN b\n", "FROM a\n\nRUN b\n"),
        ("FROM a\nRUN X\n\nRUN b\n", "FROM a\n\nRUN b\n"),
        ("FROM a\n# why\nRUN X \\\n  c\n# b\nRUN b\n", "FROM a\n# why\n# b\nRUN b\n"),
        ("FROM a\nRUN <<E\nX\nE\nRUN b\n", "FROM a\nRUN b\n"),
    ],
)
def test_delete_instruction(text: str, fixed: str) -> None:
    doc = parse(text)
    assert edits.apply(text, [edits.delete_instruction(doc, doc.instructions[1])]) == fixed


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("FROM a\n# b\n  # c\nRUN X\n", "# b\n  # c\nRUN X\n"),
        ("FROM a\n# b\n\nRUN X\n", "RUN X\n"),
        ("FROM a \\\n# b\n  AS c\nRUN X\n", "RUN X\n"),
        ("# b\nFROM a\nRUN X", "RUN X"),
        ("FROM a\nCOPY <<E /x\n# b\nE\nRUN X\n", "RUN X\n"),
    ],
)
def test_with_comments(text: str, lines: str) -> None:
    doc = parse(text)
    node = next(node for node in doc.instructions if isinstance(node, nodes.Run))
    assert doc.source(edits.with_comments(doc, node)) == lines


@pytest.mark.parametrize(
    ("text", "fixed"),
    [
        ("RUN a\n", "RUN a && X\n"),
        ("RUN a", "RUN a && X"),
        ("RUN a  \n", "RUN a && X  \n"),
        ("RUN a && \\\n    b\n", "RUN a && \\\n    b && \\\n    X\n"),
        ("RUN a \\\n  && b \\\n  c\n", "RUN a \\\n  && b \\\n  c \\\n  && X\n"),
        ("RUN a \\\n\t&& b", "RUN a \\\n\t&& b \\\n\t&& X"),
        ("RUN a \\\r\n  && b\r\n", "RUN a \\\r\n  && b \\\r\n  && X\r\n"),
        ("# escape=`\nRUN a `\n  && b\n", "# escape=`\nRUN a `\n  && b `\n  && X\n"),
        ("RUN a > b\n", "RUN a > b && X\n"),
        ("RUN a \\\n  b \\\n      && c\n", "RUN a \\\n  b \\\n      && c \\\n      && X\n"),
        ("RUN a \\\nb\n", "RUN a \\\nb \\\n    && X\n"),
        ("RUN <<E\nset -e\na\nE\n", "RUN <<E\nset -e\na\nX\nE\n"),
        ("# escape=`\nRUN a && `\n  b\n", "# escape=`\nRUN a && `\n  b && `\n  X\n"),
        # what gets too long is broken, as the file's other lines are
        (f"RUN {LONG}\n", f"RUN {LONG} \\\n    && X\n"),
        (f"RUN {LONG}\nRUN a && \\\n  b\n", f"RUN {LONG} && \\\n    X\nRUN a && \\\n  b\n"),
        ("RUN --mount=type=cache,target=/x \\\n    a\n", "RUN --mount=type=cache,target=/x \\\n    a && X\n"),
    ],
)
def test_append_command(text: str, fixed: str) -> None:
    doc, _, script = run_of(text)
    assert edits.can_append(script)
    assert edits.apply(text, [edits.append_command(doc, script, "X")]) == fixed


@pytest.mark.parametrize(
    "script",
    [
        "a;", "a &", "a || b", "a; b", "cd /x && a", "a && exit 0", "if a; then exit 0; fi", "{ a; exit; }", "exec a", "a # b",
        "umask 077 && a", "set -f && a", "export A=1 && a", "A=1 && a", ". /x && a", "cat <<< a", "a &&", "(a", ": ${A:=/x} && a",
        "[ -f x ]",
    ],
)
def test_cannot_append(script: str) -> None:
    assert not edits.can_append(run_of(f"RUN {script}\n")[2])


@pytest.mark.parametrize(
    "script", ["a | b", "(cd /x && a)", "set -ex && a", "set -o pipefail && a", "! a", "if a; then b; fi", "A=1 a", "a $(cd /x && pwd)"]
)
def test_can_append(script: str) -> None:
    assert edits.can_append(run_of(f"RUN {script}\n")[2])


@pytest.mark.parametrize(
    ("body", "possible"),
    [
        ("set -e\na", True),
        ("set -eux\na; b", True),
        ("a\nb", False),
        ("a -e\nb", False),
        ("set -u\na", False),
        ("set -o pipefail\na", False),
        ("[ -f x ]", False),
        ("set -e\na && b", False),
        ("set -e\n[ -f x ]", False),
        ("set -e\nif a; then b; fi", False),
        ("set -e\ncd /x\na", False),
        ("set -e\nset +e\na", False),
        ("set -e\na || true", False),
        ("set -e\na # b", False),
    ],
)
def test_append_to_a_heredoc(body: str, possible: bool) -> None:
    assert edits.can_append(run_of(f"RUN <<E\n{body}\nE\n")[2]) is possible


@pytest.mark.parametrize(
    ("text", "fixed"),
    [
        ("RUN a && X && b\n", "RUN a && b\n"),
        ("RUN a && X\n", "RUN a\n"),
        ("RUN X && a\n", "RUN a\n"),
        ("RUN a > c && X 2> d && b\n", "RUN a > c && b\n"),
        ("RUN a \\\n  && X \\\n  && b\n", "RUN a \\\n  && b\n"),
        ("RUN a && \\\n  # X goes\n  X && \\\n  b\n", "RUN a && \\\n  b\n"),
        ("RUN X && \\\n  # why b\n  b\n", None),
        ("RUN X\n", None),
        ("RUN a; X\n", None),
        ("RUN a || X\n", None),
        ("RUN [ -f c ] && X && a\n", "RUN [ -f c ] && a\n"),
        ("RUN a && X # c\n", None),
    ],
)
def test_remove_command(text: str, fixed: str | None) -> None:
    doc, _, script = run_of(text)
    command = next(item for item in script.commands if item.name == "X")
    edit = edits.remove_command(doc, script, command)
    assert (edits.apply(text, [edit]) if edit else None) == fixed


FLAG = "--mount=type=cache,target=/x"
OTHER = "RUN --mount=type=cache,target=/y \\\n    b\n"


@pytest.mark.parametrize(
    ("text", "fixed"),
    [
        ("RUN a\n", f"RUN {FLAG} a\n"),
        ("RUN \\\n  a\n", f"RUN {FLAG} \\\n  a\n"),
        ("RUN --network=none a\n", f"RUN --network=none {FLAG} a\n"),
        ('RUN ["a"]\n', f'RUN {FLAG} ["a"]\n'),
        ("RUN <<E\na\nE\n", f"RUN {FLAG} <<E\na\nE\n"),
        ("RUN " + "a" * 90 + "\n", f"RUN {FLAG} \\\n    " + "a" * 90 + "\n"),
        ("RUN\ta\r\n", f"RUN {FLAG}\ta\r\n"),
        # as another RUN of the file has it
        (f"RUN a\n{OTHER}", f"RUN {FLAG} \\\n    a\n{OTHER}"),
        (f"RUN <<E\na\nE\n{OTHER}", f"RUN {FLAG} <<E\na\nE\n{OTHER}"),
    ],
)
def test_insert_flags(text: str, fixed: str) -> None:
    doc = parse(text)
    assert edits.apply(text, [edits.insert_flags(doc, doc.instructions[0], [FLAG])]) == fixed


def test_many_flags_stand_on_lines_of_their_own() -> None:
    text = "RUN a\n"
    doc = parse(text)
    made = edits.insert_flags(doc, doc.instructions[0], [FLAG, FLAG])
    assert edits.apply(text, [made]) == f"RUN {FLAG} \\\n    {FLAG} \\\n    a\n"


CUT = [
    ("RUN a; gone; b", "RUN a; b"),
    ("RUN set -e; a; gone", "RUN set -e; a"),
    ("RUN set -e; a; gone;", "RUN set -e; a;"),
    ("RUN set -o pipefail; a; gone", None),
    ("RUN a; gone", None),
    ("RUN gone; a", "RUN a"),
    ("RUN gone && a | b", "RUN a | b"),
    ("RUN a; gone && b", None),
    ("RUN a || gone && b", None),
    ("RUN a || b && gone && c", "RUN a || b && c"),
    ("RUN a && gone || b", None),
    ("RUN a && gone & b", None),
    ("RUN a && gone | b", None),
    ("RUN a | b && gone", "RUN a | b"),
    ("RUN a && gone; b", "RUN a; b"),
    ("RUN if a; then gone; fi; b", None),
    ("RUN case a in b) gone;; esac", None),
    ("RUN (gone; a)", None),
    ("RUN ! gone; a", None),
    ("RUN if a; then b; fi; gone; c", "RUN if a; then b; fi; c"),
    ("RUN set -e; \\\n  if a; then b; fi; \\\n  gone", "RUN set -e; \\\n  if a; then b; fi"),
    ("RUN a | b \\\n  # why\n  && gone \\\n  && c", "RUN a | b \\\n  # why\n  && c"),
    ("RUN a | b \\\n  # why\n  && gone", None),
    ("RUN a; \\\n  gone > x; \\\n  # why\n  b", "RUN a; \\\n  # why\n  b"),
    ("RUN <<EOF\na\ngone\nb\nEOF", "RUN <<EOF\na\nb\nEOF"),
    ("RUN <<EOF\nset -e\na\ngone\nEOF", "RUN <<EOF\nset -e\na\nEOF"),
    ("RUN gone", None),
]


@pytest.mark.parametrize(("text", "result"), CUT)
def test_a_command_goes_only_where_nothing_hangs_on_it(text: str, result: str | None) -> None:
    doc, _, found = run_of(f"FROM a\n{text}\n")
    edit = edits.remove_command(doc, found, next(item for item in found.commands if item.name == "gone"))
    assert (edits.apply(doc.text, [edit]) if edit else None) == (f"FROM a\n{result}\n" if result else None)
