"""DF205's fix in the RUN itself: packages that only a build needs go again, and the libraries they brought stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dockerlint.fixers.image import slim_base
from dockerlint.fixers.image.build_tools import bare, libraries
from dockerlint.fixers.loop import fix
from dockerlint.fixers.refusal import Refusal
from dockerlint.lint.analysis.build_state import Settings
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.catalogue.base_images import lookup
from dockerlint.lint.context.build_context import Context
from dockerlint.lint.engine.checker import check
from dockerlint.lint.engine.registry import rules
from dockerlint.lint.syntax.parser import parse

if TYPE_CHECKING:
    from pathlib import Path

    from dockerlint.lint.engine.findings import Finding
    from dockerlint.lint.syntax.nodes import Dockerfile

RULES = [rule for rule in rules() if rule.code == "DF205"]
ALPINE = "FROM python:3.12-alpine\n"
DEBIAN = "FROM python:3.12-slim-bookworm\n"
UBUNTU = "FROM ubuntu:22.04\n"
RUNS = 'CMD ["python", "-m", "app"]\n'


def findings(text: str, context: Context | None = None) -> list[Finding]:
    doc = parse(text)
    return check(doc, Facts(doc, context, Settings(preset="all")), RULES)


def fixed(text: str, context: Context | None = None) -> str:
    def find(doc: Dockerfile) -> list[Finding]:
        return check(doc, Facts(doc, context, Settings(preset="all")), RULES)

    outcome = fix(text, find, unsafe=True)
    assert not outcome.dropped
    assert not parse(outcome.text).problems
    assert fix(outcome.text, find, unsafe=True).text == outcome.text
    assert fix(text, find).text == text, "never a safe fix"
    return outcome.text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "RUN apk add --no-cache gcc musl-dev curl && pip install x",
            "RUN apk add --no-cache --virtual .build-deps gcc musl-dev && apk add --no-cache curl libgcc libgomp && pip install x && apk del .build-deps",
        ),
        (
            "RUN apk --no-cache add make && make -C /src install",
            "RUN apk --no-cache add --virtual .build-deps make && make -C /src install && apk del .build-deps",
        ),
        (
            "RUN apk add --no-cache libgcc libgomp gcc && pip install x",
            "RUN apk add --no-cache --virtual .build-deps gcc && apk add --no-cache libgcc libgomp && pip install x && apk del .build-deps",
        ),
        (
            "RUN apk add -X https://a.org make tzdata && make",
            "RUN apk add -X https://a.org --virtual .build-deps make && apk add -X https://a.org tzdata && make && apk del .build-deps",
        ),
        (
            "RUN set -e; apk add make bash; make; cd /src",
            "RUN set -e; apk add --virtual .build-deps make; apk add bash; make; cd /src && apk del .build-deps",
        ),
        (
            "RUN sudo apk add make bash && make",
            "RUN sudo apk add --virtual .build-deps make && sudo apk add bash && make && sudo apk del .build-deps",
        ),
        (
            "RUN apk add --no-cache \\\n        bash \\\n        g++ \\\n        zip \\\n    && pip install x",
            (
                "RUN apk add --no-cache --virtual .build-deps g++ \\\n    && apk add --no-cache \\\n        bash \\\n        libgcc \\\n        libgomp \\\n"
                "        libstdc++ \\\n        zip \\\n    && pip install x \\\n    && apk del .build-deps"
            ),
        ),
    ],
)
def test_alpine(before: str, after: str) -> None:
    assert fixed(f"{ALPINE}{before}\n{RUNS}") == f"{ALPINE}{after}\n{RUNS}"


PURGE = "apt-get purge -y --auto-remove"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("apt-get update && apt-get install -y make && make", f" && {PURGE} make"),
        ("apt-get update && apt-get install -y gcc=4:12.2.0-3 && pip install x", f" && apt-mark manual libgomp1 && {PURGE} gcc"),
        ("apt-get update && apt-get install -y libpq-dev gcc && pip install x", f" && apt-mark manual libgomp1 libpq5 && {PURGE} libpq-dev gcc"),
        # of libxml2's own needs none is named: they stay because it does
        ("apt-get update && apt-get install -y make libxml2-dev && make", f" && apt-mark manual libxml2 && {PURGE} make libxml2-dev"),
        # a library that the compiler itself brings along and the result may be linked with
        ("apt-get update && apt-get install -y g++ libmpfr-dev && make", f" && apt-mark manual libgmpxx4ldbl libgomp1 libmpfr6 && {PURGE} g++ libmpfr-dev"),
        ("apt-get update && apt-get install -y make libpq-dev libpq5 && make", f" && {PURGE} make libpq-dev"),
        # psql needs the same library
        ("apt-get update && apt-get install -y make libpq-dev postgresql-client && make", f" && {PURGE} make libpq-dev"),
        # Python itself is linked with it
        ("apt-get update && apt-get install -y make libffi-dev && make", f" && {PURGE} make libffi-dev"),
        ("apt update && apt install -y make && make && rm -rf /var/lib/apt/lists/*", f" && {PURGE} make"),
        ("sudo apt-get update && sudo apt-get install -y make && make", f" && sudo {PURGE} make"),
        ("set -e; apt-get update; apt-get install -y make; make", f" && {PURGE} make"),
    ],
)
def test_debian(before: str, after: str) -> None:
    # a line that would get too long is broken
    assert fixed(f"{DEBIAN}RUN {before}\n{RUNS}").replace(" \\\n    ", " ") == f"{DEBIAN}RUN {before}{after}\n{RUNS}"


def test_libraries_of_a_release_without_index_must_be_named() -> None:
    install = "apt-get update && apt-get install -y make libssl-dev"
    assert "no fix: install the library of libssl-dev" in findings(f"{UBUNTU}RUN {install} && make\n{RUNS}")[0].message
    assert f"&& {PURGE} make libssl-dev" in fixed(f"{UBUNTU}RUN {install} libssl3 && make\n{RUNS}")


def test_steps_that_stand_together_become_one() -> None:
    text = f"{DEBIAN}RUN apt-get update && apt-get install -y make\nLABEL a=b\nRUN make\nRUN make install\n{RUNS}"
    wanted = f"{DEBIAN}LABEL a=b\nRUN apt-get update && apt-get install -y make && make && make install && {PURGE} make\n{RUNS}"
    assert fixed(text) == wanted


def test_a_long_row_of_steps_stays_one() -> None:
    text = f"FROM debian:12\nRUN apt-get update && apt-get install -y make\n{'RUN make' + chr(10)}{('RUN make x' + chr(10)) * 2000}{RUNS}"
    assert findings(text)[0].fix is None


@pytest.mark.parametrize("between", ["COPY . .", "ENV A=1", "WORKDIR /x", "USER app", "ARG A", "SHELL [\"/bin/bash\", \"-c\"]", "ADD a /a"])
def test_what_stands_between_keeps_steps_apart(between: str) -> None:
    text = f"FROM debian:12\nRUN apt-get update && apt-get install -y make\n{between}\nRUN make\n{RUNS}"
    assert fixed(text) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"{DEBIAN}RUN apt-get update; apt-get install -y make; make\n{RUNS}", "the RUN goes on after a failed install"),
        (f"FROM alpine:3.20\nRUN apk add postgresql-dev && pip install x\n{RUNS}", "install the library of postgresql-dev by its name first"),
        (f"FROM alpine:3.20\nRUN apk add gcc=13 && pip install x\n{RUNS}", "dlint does not know the version of libgcc"),
        (f"{ALPINE}RUN apk add make && apk add cmake && make\n{RUNS}", "several commands install them"),
        (f"{ALPINE}RUN apk add make\nRUN apk add cmake && make\n{RUNS}", "several RUNs install them"),
        (f"{ALPINE}RUN echo .build-deps && apk add make && make\n{RUNS}", "the file already uses the name .build-deps"),
        (f"{ALPINE}RUN (apk add make) && make\n{RUNS}", "the RUN is not a plain chain of commands"),
        (f"{ALPINE}RUN if true; then apk add make; fi && make\n{RUNS}", "the RUN is not a plain chain of commands"),
        (f"{ALPINE}RUN true || apk add make && make\n{RUNS}", "the RUN is not a plain chain of commands"),
        (f"{ALPINE}RUN apk add make && make & \n{RUNS}", "the RUN is not a plain chain of commands"),
        (f"{ALPINE}RUN make && apk add make\n{RUNS}", "nothing is compiled after the install"),
        (f"{ALPINE}RUN apk add make && make\nRUN strip /x\n{RUNS}", "a later step calls strip"),
        (f"{ALPINE}RUN apk add make && make\nRUN ./build.sh\n{RUNS}", "a later step runs a script"),
        (f"{ALPINE}RUN apk add make && make\nRUN sh build.sh\n{RUNS}", "a later step runs a script"),
        (f"{ALPINE}RUN apk add make && make\nRUN $TOOL\n{RUNS}", "a later step runs a script"),
        (f"{ALPINE}RUN apk add make && make\nONBUILD RUN pip install .\n{RUNS}", "images built on this one may need them"),
        (f'{ALPINE}RUN apk add make && make\nCMD ["make", "run"]\n', "the container may call make"),
        (f"{ALPINE}RUN apk add make && make\nHEALTHCHECK CMD make check\n{RUNS}", "the container may call make"),
        (f"{ALPINE}RUN apk add maven && mvn package\n{RUNS}", "the program may need what came with maven"),
        (f"FROM fedora\nRUN dnf install -y gcc && pip install x\n{RUNS}", "dnf would also remove packages that depend on them"),
        (f"FROM python:3.12\nRUN apt-get update && apt-get install -y make && make\n{RUNS}", "dlint does not know which of them the base image has"),
        (f"FROM example.org/x\nRUN apt-get update && apt-get install -y make && make\n{RUNS}", "dlint does not know which of them the base image has"),
        (f"{DEBIAN}RUN apt-get update && apt-get install -y make efax && make\n{RUNS}", "a package that stays needs make"),
        (f"{DEBIAN}RUN apt-get update && apt-get install -y make docker-ce && make\n{RUNS}", "dlint does not know what docker-ce needs"),
        (f"FROM debian:12 AS a\nRUN apt-get update && apt-get install -y make && make\nFROM a\n{RUNS}", "another stage is FROM the one that installs them"),
    ],
)
def test_no_fix_and_why(text: str, reason: str) -> None:
    (finding,) = findings(text)
    assert finding.fix is None
    assert f"no fix: {reason}" in finding.message
    assert len(finding.message) < 160
    assert fixed(text) == text


def test_the_scripts_of_the_context_are_read(tmp_path: Path) -> None:
    text = f'{ALPINE}COPY entrypoint.sh /\nRUN apk add make && make\nENTRYPOINT ["/entrypoint.sh"]\n'
    script = tmp_path / "entrypoint.sh"
    script.write_text("#!/bin/sh\n# make it so\nexec app\n")
    assert fixed(text, Context.of(tmp_path)) != text
    script.write_text("#!/bin/sh\nmake -C /src\nexec app\n")
    assert fixed(text, Context.of(tmp_path)) == text


def test_later_targets_are_left_alone() -> None:
    doc = parse(f"FROM debian:12 AS a\nRUN apt-get update && apt-get install -y make && make\n{RUNS}\nFROM a AS b\nRUN make\n")
    (finding,) = check(doc, Facts(doc, settings=Settings(preset="all", target="a")), RULES)
    assert finding.fix is None


@pytest.mark.parametrize(
    ("image", "manager", "packages", "kept", "wanted"),
    [
        ("alpine:3.20", "apk", ["g++"], [], ["libgcc", "libgomp", "libstdc++"]),
        ("node:20-alpine", "apk", ["g++", "make"], [], ["libgomp"]),
        ("alpine:3.20", "apk", ["icu-dev"], ["icu-libs"], []),
        ("alpine:3.20", "apk", ["postgresql-dev"], ["libpq"], []),
        ("alpine:3.20", "apk", ["libpq-dev"], [], None),
        ("debian:12", "apt", ["gfortran"], [], ["libgfortran5", "libgomp1"]),
        ("debian:12", "apt", ["libssl-dev"], [], ["libssl3"]),
        ("debian:13", "apt", ["libssl-dev"], [], []),
        ("ubuntu:22.04", "apt", ["zlib1g-dev"], [], []),
        ("ubuntu:22.04", "apt", ["libjpeg62-turbo-dev"], ["libjpeg62-turbo"], []),
        ("python:3.12-alpine", "apk", ["libffi-dev", "musl-dev"], [], []),
    ],
)
def test_libraries(image: str, manager: str, packages: list[str], kept: list[str], wanted: list[str] | None) -> None:
    found = libraries(lookup(image), manager, packages, kept)
    assert found == wanted if wanted is not None else isinstance(found, Refusal)


@pytest.mark.parametrize(("word", "name"), [("gcc=13.2-r1", "gcc"), ("gcc~13", "gcc"), ("gcc@edge", "gcc"), ("gcc:arm64", "gcc"), ("g++", "g++")])
def test_bare(word: str, name: str) -> None:
    assert bare(word) == name


@pytest.mark.parametrize(
    ("image", "tag", "reason"),
    [
        ("openjdk:17", "17-slim", "the slim variant uses another distribution"),
        ("python:3.12-bullseye", "3.12-slim-bookworm", "the slim variant uses another release"),
    ],
)
def test_slim_variants_of_something_else(image: str, tag: str, reason: str) -> None:
    doc = parse(f"FROM {image}\n{RUNS}")
    base = lookup(image)
    assert base is not None
    assert slim_base.change(Facts(doc), doc.stages[0], base, tag) == Refusal(reason)


PACKAGES = st.lists(st.sampled_from(["bash", "curl", "gcc", "g++", "make", "musl-dev", "zip", "tzdata", "jq=1.7"]), min_size=1, max_size=6, unique=True)


@given(PACKAGES, st.sampled_from([" ", " \\\n    ", " \\\n    # why\n    "]), st.sampled_from(["&&", ";"]), st.booleans())
def test_what_stays_installed_is_what_was_and_libraries(packages: list[str], blank: str, joint: str, front: bool) -> None:
    flag = "--no-cache add" if front else "add --no-cache"
    text = f"FROM alpine:3.20\nRUN apk {flag}{blank}{blank.join(packages)}{blank}{joint} pip install x\n{RUNS}"
    after = fixed(text)
    if after == text:
        return
    doc = parse(after)
    run = next(node for node in doc.instructions if node.name == "RUN")
    items = [item for item in Facts(doc).invocations(run) if item.action == "install" and item.tool.name == "apk"]  # type: ignore[arg-type]
    names = {word.text for item in items if not item.has(("--virtual",)) for word in item.packages}
    gone = {word.text for item in items if item.has(("--virtual",)) for word in item.packages}
    tools = {"gcc", "g++", "make", "musl-dev"} & set(packages)
    assert gone - {".build-deps"} == tools
    assert set(packages) - tools <= names
    assert names - set(packages) <= {"libgcc", "libgomp", "libstdc++"}
    assert after.count("#") == text.count("#")
