"""What ShellCheck is not given of a script: what the real one says when it is given it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.engine import shellcheck_findings
from dockerlint.lint.shellcheck import runner
from dockerlint.lint.shellcheck.comment_cache import Comments
from dockerlint.lint.shellcheck.prefilter import is_plain, needed, plain
from dockerlint.lint.shellcheck.runner import ShellCheck
from dockerlint.lint.syntax.parser import parse

if TYPE_CHECKING:
    from collections.abc import Sequence

INSTALLED = runner.find()
needs_shellcheck = pytest.mark.skipif(INSTALLED is None, reason="ShellCheck is not installed")

SHELLS = ("sh", "bash", "dash", "busybox sh", "ksh")
# So few of the corpus' files are looked at.
EVERY = 6
# An example is many scripts, as a call takes long; which of them it was is told anyway.
NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)

TRIED, ARRAYS = plain().tried, plain().arrays


def said(scripts: Sequence[str]) -> list[list[dict[str, Any]]]:
    assert INSTALLED
    found = INSTALLED.check(scripts)
    return [item for item in found if item is not None]


# ------------------------------------------------------------ plain scripts


@pytest.mark.parametrize(
    "text",
    [
        "apt-get update",
        "  apt-get update && apt-get install -y --no-install-recommends a b=1.2  && rm -rf /var/lib/apt/lists/*  ",
        "set -eux; apk add --no-cache curl; mkdir -p /a/b c",
        "cd /src/x && make -j4 && echo done: a=b",
        "\napt-get update\n\npip install -r requirements.txt\n",
        "ln -sf /a /b && rm -r /root/.cache /tmp/x",
        "",
    ],
)
def test_plain(text: str) -> None:
    assert is_plain(text)


@pytest.mark.parametrize(
    "text",
    [
        "ls",
        "apt-get install $x",
        "apt-get install 'x'",
        'apt-get install "x"',
        "apt-get install `x`",
        "apt-get install a\\ b",
        "apt-get install a*",
        "apt-get install [ab]",
        "apt-get install ~/a",
        "apt-get install {a,b}",
        "apt-get install a > b",
        "apt-get install a | tee b",
        "apt-get install a & make",
        "apt-get install a || true",
        "apt-get install a # b",
        "apt-get install a\r",
        "apt-get install a\N{NO-BREAK SPACE}b",
        "apt-get install a &&",
        "apt-get install a && && make",
        "apt-get install a;; make",
        "apt-get install a;",
        "&& make",
        "a=1 make",
        "make done",
        "echo then",
        "make = a",
        "make =a",
        "make += a",
        "sudo make",
        "if make; then make; fi",
        "(make)",
        "set -o pipefail",
        "set +e",
        "rm -rf /usr",
        "rm -rf /var/*",
        "rm -rf *",
        "mkdir -pm 700 /a/b",
        "cd /a; make",
        "make && cd /a",
        "cd /a && make && cd ..  && make",
        "echo a  b",
        "echo -e a",
        "ln -s a",
    ],
)
def test_not_plain(text: str) -> None:
    assert not is_plain(text)


WORDS = """
    a -a -- - --a=b a=b a:b a@b % %s + +x , . .. / // /usr /etc ./a ../a -rf -exec -name -p -m 1 0 test read true cd exit return exec set sudo A=B PATH=x x.tar.gz http://x.example/a-b_c
    a,b -print0 -i -e -c ls grep
""".split()
SHAPED = """
    set@-eux mkdir@-p@/a/b@c ln@-snf@/a@b rm@-rf@/var/lib/apt/lists/* rm@-rf@/tmp/*@/root/.cache rm@-r@/var/tmp/a/b echo@a@b=c
    echo@../@%s:@+@1 echo@a mkdir@-pv@.. rm@-f@/var/cache/apk/*
""".split()


def commands() -> st.SearchStrategy[str]:
    words = st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join)
    programs = st.sampled_from(sorted(plain().programs))
    shaped = st.sampled_from([item.replace("@", " ") for item in SHAPED])
    moves = st.sampled_from(["cd /a && make", "cd ab/c-d.e && cd e && npm ci"])
    return st.one_of(st.builds("{} {}".format, programs, words), shaped, moves)


def plain_scripts() -> st.SearchStrategy[str]:
    separators = st.sampled_from([" && ", "; ", "\n", "  &&  ", ";", "\n\n"])
    pairs = st.lists(st.tuples(commands(), separators), max_size=5).map(lambda items: "".join(map("".join, items)))
    return st.builds("#!/bin/{}\n{}{}\n".format, st.sampled_from(SHELLS), pairs, commands())


@needs_shellcheck
@settings(max_examples=4, phases=NO_SHRINKING)
@given(st.lists(plain_scripts(), min_size=30, max_size=60))
def test_nothing_is_found_in_plain_scripts(scripts: list[str]) -> None:
    assert all(is_plain(script.partition("\n")[2]) for script in scripts)
    assert [(script, found) for script, found in zip(scripts, said(scripts), strict=True) if found] == []


@needs_shellcheck
@pytest.mark.parametrize("shell", SHELLS)
def test_nothing_is_found_in_a_plain_program(shell: str) -> None:
    scripts = [f"#!/bin/{shell}\n{name}\n{name} {' '.join(WORDS)}\n{name} -\n" for name in sorted(plain().programs)]
    assert all(is_plain(script.partition("\n")[2]) for script in scripts)
    assert [(script, found) for script, found in zip(scripts, said(scripts), strict=True) if found] == []


class Silent(ShellCheck, frozen=True):
    """Finds nothing."""

    def check(self, scripts: Sequence[str], calls: int = 1) -> list[list[dict[str, Any]] | None]:  # noqa: ARG002
        return [[] for _ in scripts]


@needs_shellcheck
def test_nothing_is_found_in_plain_scripts_of_the_corpus(corpus: list[str]) -> None:
    docs = [parse(source) for source in corpus[::EVERY]]
    known = Comments(Silent("none", TRIED), None)
    texts = {text for doc in docs for text in shellcheck_findings.scripts(Facts(doc))}
    plain = sorted(texts - {text for doc in docs for text in shellcheck_findings.scripts(Facts(doc, shellcheck=known))})
    assert len(plain) > len(texts) / 4
    assert [(script, found) for script, found in zip(plain, said(plain), strict=True) if found] == []


@pytest.mark.parametrize(
    ("version", "text", "asked"),
    [
        (TRIED, "RUN make\n", 0),
        ((*TRIED, 9), "RUN make\n", 0),
        ((TRIED[0], TRIED[1] + 1), "RUN make\n", 1),
        (TRIED, "RUN make $x\n", 1),
        (TRIED, "ENV GROUPS=1\nRUN make\n", 1),
        (TRIED, 'SHELL ["/bin/bash", "-eo", "pipefail", "-c"]\nRUN make\n', 0),
    ],
)
def test_plain_scripts_are_not_asked_about(version: tuple[int, ...], text: str, asked: int) -> None:
    known = Comments(Silent("none", version), None)
    facts = Facts(parse(f"FROM debian:12\n{text}"), shellcheck=known)
    assert len(shellcheck_findings.scripts(facts)) == asked
    assert shellcheck_findings.left_out(facts) == []


# ------------------------------------------------------------ names


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("make", []),
        ("echo $DATA_DIR", ["DATA_DIR"]),
        ("DATA_DIR=1", ["DATA_DIR"]),
        ("read 'DATA'_\"DIR\"", ["DATA_DIR"]),
        ("read DATA_\\\nDIR", ["DATA_DIR"]),
        ("echo $DATADIR", ["DATA_DIR"]),
        ("echo $data_dirs", ["DATA_DIR"]),
        ("DATADIR=1", []),
        ("echo $OTHER", []),
        ("# shellcheck disable=SC2086\nls $x", ["DATA_DIR", "http_proxy"]),
    ],
)
def test_needed(text: str, kept: list[str]) -> None:
    assert needed(frozenset({"DATA_DIR", "http_proxy"}), text) == kept


def test_arrays_of_bash_are_kept() -> None:
    assert needed(ARRAYS, "make") == sorted(ARRAYS)


NAMES = frozenset("DATA_DIR DATADIR data_dir DATA FOO FO BARS lines http_proxy no_proxy PATH LONG_NAMES LONG_NAME2 x9".split())
USES = """
    echo@$N|echo@"${N}s"|echo@${N:-$M}|N=1|N=1;@echo@"$M"|N+=a|read@-r@N|for@N@in@a@b;@do@echo@$M;@done|export@N|unset@N|[@-n@$N@]
    [[@-v@N@]]|[[@N@-eq@3@]]|((N++))|echo@$((M@+@1))|printf@-v@N@a|local@N|declare@-x@N|trap@'echo@$N'@EXIT|alias@a='echo@$N'
    (N=2);@echo@"$N"|f()@{@N=1;@};@f;@echo@$N|let@N=1|echo@${!N}|cat@<<E\n$N\nE|getopts@ab@N|N=(a@b);@echo@$N|echo@`echo@$N`
    if@[@$?@-eq@0@];@then@echo@$N;@fi|||@echo@$N|)|exec@{N}>&-|ls@{$N,b}|while@read@N;@do@ssh@a;@done|rm@-rf@"$N/"
    """.replace("@", " ").strip().replace("\n    ", "|")


def bodies() -> st.SearchStrategy[str]:
    similar = st.sampled_from([*NAMES, "DATA_DIRS", "DAT_DIR", "data", "foo", "FOOO", "LONG_NAM", "LONGNAME22", "line", "x", "HTTP_PROX"])
    uses = st.sampled_from([use.replace("\\n", "\n") for use in USES.split("|") if use.strip()])
    use = st.builds(lambda use, one, other: str(use).replace("N", one).replace("M", other), uses, similar, similar)
    return st.lists(use, min_size=1, max_size=3).map("\n".join)


def _exported(shell: str, names: Sequence[str], body: str) -> tuple[str, int]:
    """A script with names that are set, and how many lines stand before it."""
    ahead = [f"export {name}=1" for name in names] or [":"]
    return "\n".join([f"#!/bin/{shell}", *ahead, body, ""]), len(ahead) + 1


def _moved(found: list[dict[str, Any]], lines: int) -> list[dict[str, Any]]:
    for item in found:
        for part in (item, *((item["fix"] or {}).get("replacements", ()))):
            part["line"] -= lines
            part["endLine"] -= lines
    return found


@needs_shellcheck
@settings(max_examples=3, phases=NO_SHRINKING)
@given(st.lists(st.tuples(st.sampled_from(SHELLS), bodies()), min_size=15, max_size=30))
def test_names_that_are_not_needed_change_nothing(scripts: list[tuple[str, str]]) -> None:
    whole = [_exported(shell, sorted(NAMES), body) for shell, body in scripts]
    fewer = [_exported(shell, needed(NAMES, body), body) for shell, body in scripts]
    first = [_moved(found, lines) for found, (_, lines) in zip(said([text for text, _ in whole]), whole, strict=True)]
    second = [_moved(found, lines) for found, (_, lines) in zip(said([text for text, _ in fewer]), fewer, strict=True)]
    assert [item for item in zip(scripts, first, second, strict=True) if item[1] != item[2]] == []
