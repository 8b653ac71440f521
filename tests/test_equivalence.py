"""Pairs that once differed do so no more, the executor does what a builder does, stand-ins do what the tools do."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

BENCH = Path(__file__).parent.parent / "bench"
if not (BENCH / "equivalence").is_dir():
    pytest.skip("the bench is not here", allow_module_level=True)
sys.path.insert(0, str(BENCH))

from equivalence import campaign, compare, dockerfile, facts, fixes, found, images, rare, shrink, trial  # noqa: E402
from equivalence.dockerfile import BuildError  # noqa: E402
from equivalence.executor import Builder, Built, Context, Entry, Store, start  # noqa: E402
from equivalence.generate import Case, cases  # noqa: E402
from equivalence.sandbox import Sandbox, can_run  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

FOUND = {name: (case, unsafe) for name, case, unsafe, _ in found.read(BENCH / "equivalence" / "found")}


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    why = can_run()
    if why:
        pytest.skip(f"no layers here: {why}")
    sandbox = Sandbox()
    try:
        with tempfile.TemporaryDirectory() as name:
            try:
                images.make(Path(name) / "bases")
            except images.MissingError as error:
                pytest.skip(str(error))
            yield Store(sandbox, Path(name) / "bases")
    finally:
        sandbox.close()


@pytest.fixture
def builder(store: Store) -> Iterator[Builder]:
    made = Builder(store)
    yield made
    made.close()


def text_of(store: Store, built: Built, path: str) -> str:
    return store.path(built.tree[path].place).read_text()


@pytest.mark.parametrize("name", FOUND)
def test_what_once_differed_does_so_no_more(store: Store, name: str) -> None:
    case, unsafe = FOUND[name]
    (fixed,) = fixes.fix_all([case], unsafe=unsafe)
    if fixed.text == case.text:
        return
    outcome = trial.run(store, case, fixed, unsafe=unsafe)
    assert outcome.built, outcome.why
    assert not outcome.problems, f"{outcome.problems}\n{fixed.text}"


@pytest.mark.parametrize("code", [None, *rare.PIECES])
def test_safe_fixes_of_generated_files_change_nothing(store: Store, code: str | None) -> None:
    """A few pairs of each kind; the campaign of bench/equivalence builds thousands."""
    drawn = campaign._collected(cases(code), 20_261_129)[1:] if code else next(campaign._batches(7))[:20]
    built = 0
    for case, fixed in zip(drawn, fixes.fix_all(drawn), strict=True):
        outcome = trial.run(store, case, fixed)
        built += outcome.built
        assert not outcome.problems, f"{outcome.problems}\n{case.text}\n{fixed.text}"
    assert built


# ------------------------------------------------------------ that it sees what it should

DIFFERENT = {
    "a file": ("RUN touch /a", "RUN touch /b", {"DL3009"}, "/a is missing"),
    "a mode": ("RUN touch /a && chmod 600 /a", "RUN touch /a && chmod 640 /a", {"DL3009"}, "/a: mode"),
    "an owner": ("RUN touch /a", "RUN touch /a && chown 5 /a", {"DL3009"}, "/a: uid"),
    "a variable": ("ENV A=1", "ENV A=2", {"DL3009"}, "configuration: Env"),
    "a cache, without a fix about it": ("RUN mkdir -p /root/.cache/pip && touch /root/.cache/pip/x", "RUN true", {"DL3025"}, "/root/.cache is missing"),
    "another tool's cache": ("RUN mkdir -p /root/.npm && touch /root/.npm/x", "RUN true", {"DL3042"}, "/root/.npm is missing"),
    "what lies beside a cache": ("RUN mkdir -p /root/.cache/own && touch /root/.cache/own/x", "RUN true", {"DL3042"}, "/root/.cache is missing"),
    "a cache that a mount hides, and what lies beside it": (
        "RUN mkdir -p /c/a && touch /c/a/x /c/y",
        "RUN --mount=type=cache,target=/c/a touch /c/a/x",
        {"DF103"},
        "/c/y is missing",
    ),
    "another signal": ("STOPSIGNAL 15", "STOPSIGNAL SIGINT", {"DF725"}, "StopSignal"),
    "another author": ("MAINTAINER Jo", 'LABEL org.opencontainers.image.authors="Jim"', {"DL4000"}, "Labels"),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_a_difference_is_seen(store: Store, name: str) -> None:
    before, after, codes, said = DIFFERENT[name]
    case = Case(f"FROM debian:12\n{before}\n", {})
    fixed = fixes.Fixed(f"FROM debian:12\n{after}\n", tuple((code, "x") for code in codes))
    (problem,) = trial.run(store, case, fixed).problems
    assert problem.kind == "files"
    assert said in problem.detail


def test_a_cache_that_a_fix_takes_out_is_no_difference(store: Store) -> None:
    case = Case("FROM python:3.11-slim\nRUN pip install six\n", {})
    fixed = fixes.Fixed("FROM python:3.11-slim\nRUN pip install --no-cache-dir six\n", (("DL3042", "x"),))
    assert not trial.run(store, case, fixed).problems


def test_other_spellings_are_no_difference(store: Store) -> None:
    case = Case("FROM debian:12\nMAINTAINER Jo\nSTOPSIGNAL 15\n", {})
    after = 'FROM debian:12\nLABEL org.opencontainers.image.authors="Jo"\nSTOPSIGNAL SIGTERM\n'
    assert not trial.run(store, case, fixes.Fixed(after, (("DF725", "x"), ("DL4000", "x")))).problems


def test_a_wheel_of_another_is_seen(store: Store) -> None:
    """A mount in place of --no-cache-dir: built wheels do not know the environment."""
    case = Case("FROM python:3.11-slim\nENV FLAG=1\nRUN pip install --no-cache-dir flagpkg\n", {})
    after = "FROM python:3.11-slim\nENV FLAG=1\nRUN --mount=type=cache,target=/root/.cache/pip pip install flagpkg\n"
    (problem,) = trial.run(store, case, fixes.Fixed(after, (("DF103", "x"),))).problems
    assert (problem.scenario, problem.kind) == ("filled", "files")


def test_a_product_in_a_mount_is_seen(store: Store) -> None:
    pom = "<project><artifactId>{}</artifactId><dependencies>{}</dependencies></project>"
    needed = "<dependency><groupId>local</groupId><artifactId>common</artifactId></dependency>"
    files = {"common/pom.xml": pom.format("common", ""), "app/pom.xml": pom.format("app", needed), "app/src/A.java": "class A {}\n"}
    text = "FROM maven:3.9\nCOPY common common\nRUN {0}mvn -f common/pom.xml install\nCOPY app app\nRUN {0}mvn -f app/pom.xml package\n"
    case = Case(text.format(""), files, "app/src/A.java")
    fixed = fixes.Fixed(text.format("--mount=type=cache,target=/root/.m2/repository "), (("DF103", "x"),))
    (problem,) = trial.run(store, case, fixed).problems
    assert (problem.scenario, problem.kind) == ("pruned", "build")


def test_what_the_start_command_needs_is_seen(store: Store) -> None:
    before = 'FROM debian:12\nRUN apt-get update\nCMD ["apt-get", "install", "-y", "tree"]\n'
    after = before.replace("update", "update && rm -rf /var/lib/apt/lists/*")
    (problem,) = trial.run(store, Case(before, {}), fixes.Fixed(after, (("DL3009", "x"),))).problems
    assert problem.kind == "start"


def test_shrinking_keeps_what_is_needed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def fix_all(cases: list[Case], *, unsafe: bool = False) -> list[fixes.Fixed]:
        return [fixes.Fixed(case.text.replace("touch /a", "touch /b"), (("DL3009", "x"),) if "touch /a" in case.text else ()) for case in cases]

    monkeypatch.setattr(shrink, "fix_all", fix_all)
    case = Case("FROM debian:12\nENV A=1\nRUN true && touch /a && touch /c\nRUN false || true\nCMD ls\n", {"x": "y"})
    (fixed,) = fix_all([case])
    (problem,) = trial.run(store, case, fixed).problems
    small, _, _ = shrink.shrink(store, case, fixed, problem, unsafe=False)
    assert small == Case("FROM debian:12\nRUN touch /a\n", {})


# ------------------------------------------------------------ the executor

BUILDS = {
    "a folder's content": ("FROM debian:12\nCOPY d /x\nRUN cat /x/f > /out\n", "one\n"),
    "a file into a folder": ("FROM debian:12\nWORKDIR /w\nCOPY d/f ./\nRUN cat /w/f > /out\n", "one\n"),
    "modes and owners": ("FROM debian:12\nCOPY --chown=5:6 --chmod=600 d/f /f\nRUN stat -c '%a %u %g' /f > /out\n", "600 5 6\n"),
    "a stage by name, whatever its case": ("FROM debian:12 AS One\nRUN echo x > /f\nFROM debian:12\nCOPY --from=oNe /f /out\n", "x\n"),
    "a stage by number": ("FROM debian:12\nRUN echo x > /f\nFROM debian:12\nCOPY --from=0 /f /out\n", "x\n"),
    "ARG before FROM, and in the stage": ("ARG A=1\nFROM debian:12\nRUN echo \"[$A]\" > /f\nARG A\nRUN echo \"$(cat /f)[$A]\" > /out\n", "[][1]\n"),
    "ENV over ARG": ("FROM debian:12\nARG A=1\nENV A=2\nRUN echo $A > /out\n", "2\n"),
    "ARG over ENV, when it comes later": ("FROM debian:12\nENV A=1\nARG A=2\nRUN echo $A > /out\n", "2\n"),
    "a here-document": ("FROM debian:12\nRUN <<EOF\necho a\necho b > /out\nEOF\n", "b\n"),
    "a copied here-document": ("FROM debian:12\nENV A=1\nCOPY <<E /out\n$A\nE\n", "1\n"),
    "a user": ("FROM node:20\nUSER node\nWORKDIR /home/node/x\nRUN echo \"$(id -u) $HOME $(stat -c %U .)\" > /tmp/out\nUSER root\nRUN cp /tmp/out /out\n", "1000 /home/node node\n"),
    "a shell": ('FROM debian:12\nSHELL ["/bin/bash", "-c"]\nRUN [[ a == a ]] && echo ok > /out\n', "ok\n"),
    "a cache mount": ("FROM debian:12\nRUN --mount=type=cache,target=/c echo x > /c/f\nRUN --mount=type=cache,target=/c cat /c/f > /out\n", "x\n"),
    "a bind mount": ("FROM debian:12\nRUN --mount=type=bind,source=d,target=/m cat /m/f > /out\n", "one\n"),
    "a bind mount of a stage": ("FROM debian:12 AS a\nRUN echo x > /f\nFROM debian:12\nRUN --mount=type=bind,from=a,target=/m cat /m/f > /out\n", "x\n"),
    "no network": ("FROM debian:12\nRUN --network=none apt-get update; apt-get install -y tree; echo $? > /out\n", "100\n"),
    "a removed folder that comes again": ("FROM debian:12\nRUN mkdir /d && touch /d/a\nRUN rm -r /d && mkdir /d && touch /d/b\nRUN ls /d > /out\n", "b\n"),
    "continued lines": ("FROM debian:12\nRUN echo a \\\n  # no\n\n  b > /out\n", "a b\n"),
}  # fmt: skip


@pytest.mark.parametrize("name", BUILDS)
def test_the_executor_builds(store: Store, builder: Builder, name: str) -> None:
    text, said = BUILDS[name]
    assert text_of(store, builder.build(text, Context({"d/f": "one\n", "e": ""})), "/out") == said


FAILS = {
    "a step": "FROM debian:12\nRUN false\n",
    "a file that is not there": "FROM debian:12\nCOPY none /\n",
    "several files to no folder": "FROM debian:12\nCOPY e d/f /x\n",
    # measured with docker 20.10: for a mount it is an image's name
    "a mount of a stage by its number": "FROM debian:12\nFROM debian:12\nRUN --mount=from=0,target=/m ls /m\n",
    "an unknown image": "FROM none:1\n",
    "an unknown user": "FROM debian:12\nUSER none\nRUN true\n",
    "an unknown instruction": "FROM debian:12\nRUM true\n",
    "a folder over a link": "FROM debian:12\nCOPY . /\n",
    "an ignored file": "FROM debian:12\nCOPY ignored /\n",
}


@pytest.mark.parametrize("name", FAILS)
def test_the_executor_refuses(builder: Builder, name: str) -> None:
    with pytest.raises(BuildError):
        builder.build(FAILS[name], Context({"d/f": "one\n", "e": "", "lib/x": "", "ignored": "", ".dockerignore": "ignored\n"}))


def test_layers_are_kept_by_what_goes_into_them(store: Store, builder: Builder) -> None:
    text = "FROM debian:12\nRUN echo a > /a\nCOPY f /\nRUN cat /f > /out\n"
    builder.build(text, Context({"f": "1\n"}))
    kept = set(builder.layers)
    builder.build(text, Context({"f": "1\n"}))
    assert set(builder.layers) == kept
    assert text_of(store, builder.build(text, Context({"f": "2\n"})), "/out") == "2\n"


def test_mounts_leave_no_folders(builder: Builder) -> None:
    built = builder.build("FROM debian:12\nRUN --mount=type=cache,target=/c/d touch /c/d/f\n", Context({}))
    assert not [path for path in built.tree if path.startswith("/c")]


def test_an_unused_stage_is_not_built(builder: Builder) -> None:
    builder.build("FROM debian:12 AS a\nRUN false\nFROM debian:12\n", Context({}))


def test_the_start_command_answers(store: Store, builder: Builder) -> None:
    built = builder.build('FROM debian:12\nENTRYPOINT ["echo"]\nCMD ["a"]\n', Context({}))
    assert start(store, built) == (0, "a\n")


def test_a_compiled_program_runs_in_an_empty_image(store: Store, builder: Builder) -> None:
    text = 'FROM golang:1.22 AS b\nCOPY . .\nRUN go build -o /a .\nFROM scratch\nCOPY --from=b /a /a\nCMD ["/a"]\n'
    built = builder.build(text, Context({"go.mod": "module x\n", "main.go": "package main\n"}))
    status, said = start(store, built)
    assert status == 0
    assert said.startswith("x ")


# ------------------------------------------------------------ parts


def test_words_are_expanded_as_the_reference_says() -> None:
    env = {"A": "1", "E": ""}
    assert dockerfile.words(r"""$A ${A}b ${N:-x} ${E:-y} ${A:+z} '$A' "$A" \$A a\ b""", env) == ["1", "1b", "x", "y", "z", "$A", "1", "$A", "a b"]


def test_the_form_of_a_command_is_what_its_fix_is_about() -> None:
    before = Built(None, {"Cmd": ["/bin/sh", "-c", "ls -l"], "Env": {}, "Labels": {}})
    after = Built(None, {"Cmd": ["ls", "-l"], "Env": {}, "Labels": {}})
    assert not compare.differences(before, after, ["DL3025"], ("", ""))
    assert compare.differences(before, after, ["DL3009"], ("", ""))
    other = Built(None, {"Cmd": ["ls", "-a"], "Env": {}, "Labels": {}})
    assert compare.differences(before, other, ["DL3025"], ("", ""))


def test_entries_are_the_same_wherever_they_lie() -> None:
    assert Entry("file", 0o644, 0, 0, "x", "/a") == Entry("file", 0o644, 0, 0, "x", "/b")


RECORDED = json.loads(facts.RECORDED.read_text(encoding="utf-8")) if facts.RECORDED.exists() else {}


def test_there_are_facts_of_real_tools() -> None:
    assert RECORDED
    assert set(RECORDED) <= set(facts.SCRIPTS)


@pytest.mark.parametrize("tool", RECORDED)
def test_stand_ins_do_what_the_tools_do(store: Store, tool: str) -> None:
    assert facts.of_stand_ins(store, tool) == RECORDED[tool]["said"]
