"""Each row of docs/refusals.toml is found, with its code, and nothing is said against its counterpart."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from dockerlint.lint.analysis.build_state import Settings
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.analysis.refusals import refusals
from dockerlint.lint.engine.checker import check
from dockerlint.lint.engine.findings import Severity
from dockerlint.lint.engine.registry import find, rules
from dockerlint.lint.syntax.parser import parse

ROWS = tomllib.loads(Path(__file__).parents[3].joinpath("docs", "refusals.toml").read_text(encoding="utf-8"))["refusal"]
# What stands in the table for a line of that many characters.
LONG = ("{long}", "x" * 66_000)
# Errors that are not the builder's: what a rule demands, or what only the files beside the Dockerfile decide.
NOT_REFUSED = frozenset({"DF604", "DF605", "DL3000", "DL3020", "DL3021", "DL3024"})


def errors(text: str) -> set[str]:
    """The codes of the errors that are found in a file."""
    doc = parse(text.replace(*LONG))
    found = check(doc, rules=[rule for rule in rules() if rule.severity is Severity.ERROR])
    return {finding.code for finding in found} - NOT_REFUSED


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_the_refused_is_found_and_the_accepted_is_not(row: dict[str, Any]) -> None:
    assert row["code"] in errors(row["refused"])
    assert not errors(row["accepted"])


def test_the_rows_are_told_apart_by_their_names_and_their_rules_are_errors() -> None:
    assert len({row["id"] for row in ROWS}) == len(ROWS)
    for row in ROWS:
        rule = find(row["code"])
        assert rule
        assert rule.severity is Severity.ERROR


def messages(text: str, **settings: Any) -> list[str]:
    return [problem.message for problem in refusals(Facts(parse(text), settings=Settings(**settings)))]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("RUN --mount=type=cash,target=/x y", "unknown mount type 'cash': it must be one of bind, cache, tmpfs, secret, ssh"),
        ("RUN --mount=type=bind,target=/x,sharing=locked y", "a bind mount has no option 'sharing'"),
        ("RUN --mount=type=cache,target=/x,uid=me y", "uid must be a number, not 'me'"),
        ("RUN --mount=type=cache,target=/ y", "a cache mount needs a target below /"),
        ("WORKDIR /a\nRUN --mount=type=cache,target=.. y", "a cache mount needs a target below /"),
        ("RUN --mount=type=bind,from=$b,target=/x y", "`from` takes no variables: name a stage FROM that image and mount from it"),
        ("ARG KIND=cash\nRUN --mount=type=$KIND,target=/x y", "unknown mount type 'cash': it must be one of bind, cache, tmpfs, secret, ssh"),
        ("RUN --mount=type=ssh,source=/x y", "an ssh mount has no source"),
        ("EXPOSE 80 70000", "bad port '70000': ports end at 65535"),
        ("EXPOSE 90-80/tcp", "bad port '90-80/tcp': the range ends before it starts"),
        ("EXPOSE 80/http", "bad port '80/http': the protocol must be one of tcp, udp, sctp"),
        ("EXPOSE 80-90:80-85", "bad port '80-90:80-85': the two ranges differ in length"),
        ("EXPOSE host:80:80", "bad port 'host:80:80': 'host' is not an address"),
        ("STOPSIGNAL SIGTREM", "unknown signal 'SIGTREM': did you mean TERM?"),
        ('VOLUME [""]', "VOLUME has an empty path"),
        ("RUN --mount=target=/x,from=b,type=tmpfs y\nFROM scratch AS b", "stage b is defined later (line 3): files come from earlier stages only"),
        ("COPY --from=9 /x /y", "no stage 9: the file has 1, counted from 0"),
        ("ADD --keep-git-dir=false https://h/x.git?keep-git-dir=true /x", "--keep-git-dir and keep-git-dir in the source say different things"),
        ("ADD https://h/x.git?subdir=a#main:b /x", "two folders: 'b' behind the # and subdir=a"),
        ("ADD https://h/x.git?ref=a&ref=b /x", "the query 'ref' is given twice"),
        ("ADD --checksum=aa https://h/x.git?commit=bb /x", "two commits: --checksum=aa and bb in the source"),
    ],
)  # fmt: skip
def test_message(line: str, message: str) -> None:
    assert messages(f"FROM scratch\n{line}\n") == [message]


@pytest.mark.parametrize(
    "line",
    [
        # what the build decides: a variable of the base image, a build argument without a default
        "EXPOSE $PORT",
        "STOPSIGNAL $SIGNAL",
        "VOLUME $DATA",
        "COPY --chmod=$MODE a /b",
        "ARG MODE\nCOPY --chmod=$MODE a /b",
        "ADD --checksum=$SUM https://example.com/x /x",
        "RUN --mount=type=$KIND,target=/x y",
        "RUN --mount=type=cache,target=/x,uid=$ID,sharing=$HOW y",
        "RUN --mount=type=secret,id=$ID y",
        # what the builder reads in more ways than one
        'EXPOSE "80" 0080 80/ 127.0.0.1::80 8000-8010/UDP',
        "STOPSIGNAL sigrtmin+3",
        'STOPSIGNAL "TERM"',
        "WORKDIR /app\nRUN --mount=type=cache y",
        "RUN --mount=TYPE=CACHE,target=/x,sharing=LOCKED y",
        "RUN --mount=type=cache,target=/x,from=scratch --mount=type=ssh,required y",
        "COPY --from=nginx:1.27 /a /b\nCOPY --from=1 /a /b",
        "COPY ./git@host:path user:file ftp://host/x /x/",
        "ADD git@example.com:a/b.git?branch=main /x",
    ],
)
def test_what_the_file_does_not_decide_or_the_builder_takes(line: str) -> None:
    assert messages(f"FROM example.com/base\n{line}\n") == []


@pytest.mark.parametrize("syntax", ["docker/dockerfile:1-labs", "docker/dockerfile:1.14.0-labs", "example.com/frontend:1"])
def test_devices_are_for_labs(syntax: str) -> None:
    text = "FROM debian:12\nRUN --device=gpu true\n"
    assert messages(text)
    assert messages(f"# syntax=docker/dockerfile:1\n{text}")
    assert not messages(f"# syntax={syntax}\n{text}")


def test_build_arguments_count() -> None:
    text = "FROM debian:12\nARG MODE=644\nCOPY --chmod=$MODE a /b\n"
    assert not messages(text)
    assert messages(text, build_args={"MODE": "u+z"})
