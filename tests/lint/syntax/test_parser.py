"""The language: tables of texts and their trees, and properties that hold for any text."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.buildkit_dump import buildkit
from dockerlint.lint.syntax.parser import parse
from dockerlint.lint.syntax.span import Span

SHARED = Path(__file__).parents[4] / "shared"
CORPUS = SHARED / "corpus" / "dev.jsonl.gz"
CASES = SHARED / "conformance" / "buildkit_parser.jsonl"


def only(text: str) -> nodes.Instruction:
    doc = parse(text)
    assert not doc.problems
    (node,) = doc.instructions
    return node


@pytest.mark.parametrize(
    ("text", "dump"),
    [
        ("FROM a", '(from "a")'),
        ("from --platform=linux/arm64 a as b", '(from ["--platform=linux/arm64"] "a" "as" "b")'),
        ("FROM a \\\n  # why\n\n  AS b", '(from "a" "AS" "b")'),
        ("RUN a && \\\n  b", '(run "a &&   b")'),
        ("RUN a\\\nb", '(run "ab")'),
        ("RUN a \\\n# comment \\\nb", '(run "a b")'),
        ("RUN a \\\\\n", '(run "a \\\\\\\\")'),
        ("RUN a \\", '(run "a")'),
        ("RUN a \\  \n b", '(run "a  b")'),
        ('RUN ["a", "b c"]', '(run "a" "b c")'),
        ('RUN ["a", \\\n "b"]', '(run "a" "b")'),
        ('RUN ["a", b]', '(run "[\\"a\\", b]")'),
        ("RUN ['a']", "(run \"['a']\")"),
        ("CMD", "(cmd)"),
        ("CMD []", "(cmd)"),
        ('CMD ["\\u00e9\\n"]', '(cmd "é\\n")'),
        ("ENV a=b c='d e' f=g\\ h", '(env "a" "b" "=" "c" "\'d e\'" "=" "f" "g\\\\ h" "=")'),
        ("ENV a b=c  d", '(env "a" "b=c  d" "")'),
        ('LABEL a.b="c \\\n d"', '(label "a.b" "\\"c  d\\"" "=")'),
        ("ARG a b=c", '(arg "a" "b=c")'),
        ("COPY --from=x --chown=1:2 a b /c/", '(copy ["--from=x" "--chown=1:2"] "a" "b" "/c/")'),
        ('COPY ["a b", "/c"]', '(copy "a b" "/c")'),
        ("COPY a\\ b c", '(copy "a\\\\" "b" "c")'),
        ("ADD -- --odd /x", '(add "--odd" "/x")'),
        ("EXPOSE 80 443/tcp", '(expose "80" "443/tcp")'),
        ('VOLUME ["/a", "/b"]', '(volume "/a" "/b")'),
        ("WORKDIR /a b ", '(workdir "/a b")'),
        ("HEALTHCHECK NONE", '(healthcheck "NONE")'),
        ('HEALTHCHECK --interval=5s CMD ["a"]', '(healthcheck ["--interval=5s"] "CMD" "a")'),
        ("ONBUILD RUN a", '(onbuild (run "a"))'),
        ('SHELL ["/bin/bash", "-c"]', '(shell "/bin/bash" "-c")'),
        ("MAINTAINER A B <c>", '(maintainer "A B <c>")'),
        ("\ufeffFROM a\r\nRUN b \\\r\n  c\r\n", '(from "a")\n(run "b   c")'),
        ("# escape=`\nFROM a\nRUN dir C:\\ `\n && x", '(from "a")\n(run "dir C:\\\\  && x")'),
        ("FROM a\nRUN x && \\\n\n\n  y", '(from "a")\n(run "x &&   y")'),
    ],
)
def test_tree(text: str, dump: str) -> None:
    doc = parse(text)
    assert not doc.problems
    assert buildkit(doc).rstrip("\n") == dump


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("", "", "the file has no instructions"),
        ("# only this\n", "", "the file has no instructions"),
        ("FROM a\nCOYP b c", "COYP", "unknown instruction 'COYP': did you mean COPY?"),
        # a letter that only a comparison of all of Unicode without case takes for an s
        ("FROM a\nU\u017fER b", "U\u017fER", "unknown instruction 'U\u017fER': did you mean USER?"),
        ("FROM a b", "b", "FROM takes one image, or `image AS name`: 'b' is unexpected"),
        ("FROM a AS 1x", "1x", "bad stage name '1x': it must start with a letter and hold only letters, digits, - _ ."),
        ("FROM a\nCOPY b", "COPY b", "COPY needs at least one source and a destination"),
        ("FROM a\nCOPY --frm=x b c", "--frm=x", "COPY has no flag --frm: did you mean --from?"),
        ("FROM a\nCOPY --from=x --from=y b c", "--from=y", "--from is given twice"),
        ("FROM a\nCOPY --link=maybe b c", "--link=maybe", "--link must be true or false, not 'maybe'"),
        ("FROM a\nENV b", "ENV b", "ENV must be `ENV key=value ...`"),
        ("FROM a\nENV b=c d", "d", "ENV must be `ENV key=value ...`: no = in 'd'"),
        ("FROM a\nCMD [1]", "[1]", "a JSON array may hold strings only"),
        ("FROM a\nSHELL bash", "bash", 'SHELL must be a JSON array of at least one string: SHELL ["executable", "parameter"]: \'bash\' is unexpected'),
        ("FROM a\nWORKDIR", "WORKDIR", "WORKDIR needs exactly one argument"),
        ("FROM a\nHEALTHCHECK --interval=5 CMD x", "--interval=5", "--interval must be a duration such as 30s or 1m30s, not '5'"),
        ("FROM a\nHEALTHCHECK --retries=-1 CMD x", "--retries=-1", "--retries must be a whole number, 0 or more, not '-1'"),
        ("FROM a\nHEALTHCHECK SHELL x", "SHELL", "HEALTHCHECK must be `HEALTHCHECK [options] CMD command` or `HEALTHCHECK NONE`, not 'SHELL'"),
        ("FROM a\nONBUILD ONBUILD RUN x", "ONBUILD", "ONBUILD cannot trigger another ONBUILD"),
        ("FROM a\nONBUILD FROM x", "FROM", "ONBUILD cannot trigger FROM"),
        ("FROM a\nRUN <<EOF\nx", "<<EOF", "the heredoc EOF is not terminated: no line below holds just 'EOF'"),
        ("FROM a\nCOPY b <<EOF\nEOF", "<<EOF", "the destination of COPY cannot be a heredoc"),
        ("FROM a\nRUN --network=some y", "--network=some", "--network must be one of default, none, host, not 'some'"),
        ("# escape=x\nFROM a", "# escape=x", "the escape character must be \\ or `, not 'x'"),
        ("# syntax=a\n# syntax=b\nFROM a", "# syntax=b", "the directive syntax may be given only once"),
    ],
)  # fmt: skip
def test_problem(text: str, place: str, message: str) -> None:
    doc = parse(text)
    assert [problem.message for problem in doc.problems][:1] == [message]
    assert doc.source(doc.problems[0].span) == place


@pytest.mark.parametrize(
    "line",
    [
        "RUN --mount=target=/x,ro=true y",
        "RUN --mount=type=$KIND,what=ever y",
        "RUN --mount=type=cache,target=/x,uid=$UID,sharing=$HOW y",
        "RUN --mount=type=secret,id=a,env=A --mount=type=ssh y",
        "COPY --link=TRUE --exclude=*.md --exclude=*.txt b c",
        "EXPOSE 80 443/TCP 8000-8010/udp 8080:80 $PORT",
        "STOPSIGNAL sigrtmin+3",
        "STOPSIGNAL 9",
        "HEALTHCHECK --interval=1m30s --timeout=0 --retries=3 CMD x",
    ],
)
def test_no_problem(line: str) -> None:
    assert parse(f"FROM a\n{line}\n").problems == ()


def test_one_bad_instruction_leaves_the_others() -> None:
    doc = parse("FROM a\nCOPY b\nRUN c\nFROM\nUSER d\n")
    assert [type(node) for node in doc.instructions] == [nodes.From, nodes.Bad, nodes.Run, nodes.Bad, nodes.User]
    assert len(doc.problems) == 2


def test_heredocs() -> None:
    doc = parse("FROM a\nCOPY <<one <<-'two' /x/\n$a\none\n\tb\n\ttwo\nRUN c\n")
    copy = doc.instructions[1]
    assert isinstance(copy, nodes.Copy)
    first, second = copy.heredocs
    assert (first.name, first.expand, first.strip_tabs, doc.source(first.body)) == ("one", True, False, "$a\n")
    assert (second.name, second.expand, second.strip_tabs, doc.source(second.body)) == ("two", False, True, "\tb\n")
    assert copy.paths == ()
    assert doc.source(copy.span).endswith("\ttwo")
    assert isinstance(doc.instructions[2], nodes.Run)


@pytest.mark.parametrize("text", ['RUN "<<X"\nRUN b', "RUN a 1<<2\nRUN b", 'CMD ["<<X"]\nRUN b', "USER <<X\nRUN b"])
def test_no_heredoc(text: str) -> None:
    assert len(parse(text).instructions) == 2


def test_directives_count_only_at_the_top() -> None:
    doc = parse("# syntax=docker/dockerfile:1\n# a comment\n# escape=`\nFROM a\nRUN b \\\n c\n")
    assert [item.name for item in doc.directives] == ["syntax"]
    assert doc.escape == "\\"
    assert len(doc.instructions) == 2


def test_words_keep_their_places() -> None:
    text = "FROM a\nCOPY one \\\n  # two\n  three\\\nfour /five\n"
    copy = parse(text).instructions[1]
    assert isinstance(copy, nodes.Copy)
    assert [word.text for word in copy.sources] == ["one", "threefour"]
    assert [text[word.span.start : word.span.end] for word in copy.sources] == ["one", "three\\\nfour"]


def test_empty_continuation_lines_are_noted() -> None:
    doc = parse("FROM a\nRUN b \\\n\n  c \\\n# d\n  e\n")
    assert [doc.line(span.start) for span in doc.blank_continuations] == [3]
    assert [doc.line(comment.span.start) for comment in doc.comments] == [5]


# ---------------------------------------------------------------- properties

PIECES = st.sampled_from(
    [
        "FROM a", "RUN ", "COPY ", "ENV ", "CMD ", "ONBUILD ", "HEALTHCHECK ", "LABEL ", "a=b", "a", " ", "\t", "\n", "\r\n",
        "\\", "\\\n", "\\ \n", "`", "`\n", '"', "'", "[", "]", ",", '["a"]', "<<EOF", "<<-'X'", "\nEOF\n", "X\n", "#", "# c\n",
        "# escape=`\n", "--from=x", "--", "=", "$", "${", "}", "\ufeff", "\x00", "é", "\u2028", "\x0b", "\x85", "\udcff",
    ]
)  # fmt: skip
TEXTS = st.one_of(st.text(), st.lists(PIECES, max_size=40).map("".join))


def assert_tiles(doc: nodes.Dockerfile) -> None:
    """Instructions, comments and directives lie in order and do not overlap; between them is nothing to read."""
    outer = [node.span for node in doc.instructions]
    loose = [*(comment.span for comment in doc.comments), *(directive.span for directive in doc.directives)]
    spans = sorted([*outer, *(span for span in loose if not any(node.contains(span) for node in outer))])
    at = 0
    for span in [*spans, Span(len(doc.text), len(doc.text))]:
        assert at <= span.start
        between = doc.text[at : span.start]
        assert (
            not between.strip(" \t\r\n\f\v\ufeff" + doc.escape)
            or not between.replace(doc.escape, "").replace("\ufeff", "").strip()
        )
        at = span.end


@given(TEXTS)
def test_any_text_parses(text: str) -> None:
    doc = parse(text)
    assert doc.text == text
    assert_tiles(doc)
    for node in doc.instructions:
        assert Span(0, len(text)).contains(node.span)
        assert node.span.contains(node.keyword.span)
        assert all(node.span.contains(flag.span) for flag in node.flags)
    for one, two in pairwise(doc.instructions):
        assert one.span.end <= two.span.start
    buildkit(doc)


@given(TEXTS)
def test_lines_and_columns_come_back(text: str) -> None:
    doc = parse(text)
    for node in doc.instructions:
        line, column = doc.position(node.span.start)
        assert doc.line_span(line).start + column - 1 == node.span.start


# ---------------------------------------------------------------- the files beside the repository


def test_real_files_parse(corpus: list[str]) -> None:
    problems = [problem.message for text in corpus for problem in parse(text).problems]
    assert len(problems) <= 2, problems


def test_a_broken_line_costs_one_instruction(corpus: list[str]) -> None:
    for text in corpus[::40]:
        doc = parse(text)
        for node in doc.instructions[1:]:
            if (
                isinstance(node, nodes.From | nodes.Bad) or node.heredocs
                if isinstance(node, nodes.Run | nodes.Copy)
                else False
            ):
                continue
            start, end = node.keyword.span
            broken = parse(text[:start] + "x" * (end - start) + text[end:])
            assert [other.span for other in broken.instructions] == [other.span for other in doc.instructions]
            others = [
                (one, two)
                for one, two in zip(doc.instructions, broken.instructions, strict=True)
                if one.span != node.span
            ]
            assert all(one == two for one, two in others)


def cases(layer: str) -> list[dict[str, str]]:
    if not CASES.exists():
        return []
    rows = [json.loads(line) for line in CASES.read_text(encoding="utf8").splitlines()]
    return [row for row in rows if row["layer"] == layer and row.get("dockerfile")]


@pytest.mark.parametrize("case", [pytest.param(row, id=row["id"]) for row in cases("parse") if row["expected_ast"]])
def test_buildkit_tree(case: dict[str, str]) -> None:
    assert buildkit(parse(case["dockerfile"])).rstrip("\n") == case["expected_ast"].rstrip("\n")


@pytest.mark.parametrize("case", [pytest.param(row, id=row["id"]) for row in cases("instruction")])
def test_buildkit_instruction(case: dict[str, str]) -> None:
    assert bool(parse(case["dockerfile"]).problems) == (case["expect"] == "error")
