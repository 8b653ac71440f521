"""DF205: the tools of a build stay in the image that ships."""

from __future__ import annotations

import re
import tomllib
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from dockerlint.lint import nodes
from dockerlint.lint.findings import Finding, Severity
from dockerlint.lint.rule import rule
from dockerlint.lint.shell import SHELLS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.facts import Facts
    from dockerlint.lint.nodes import Dockerfile, Run, Stage, Word

MOST_NAMED = 2
# Commands that compile what they are given, besides the tools of the catalogue.
COMPILE = frozenset(
    """
    make cmake ninja meson gcc g++ cc c++ clang clang++ gfortran configure autoreconf cargo rustc go swift ghc javac perl cpan cpanm
    luarocks R Rscript pecl docker-php-ext-install phpize opam cabal stack mix rebar3 lein sbt
    """.split()
)


INTERPRETERS = ("python*", "node", "irb", "ruby", "php", "perl", "R", "julia", "ghci", "iex", "jshell")


@rule("DF205", name="build-tools-in-final-image", severity=Severity.INFO)
def build_tools_in_final_image(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """Compilers and headers that a build needed stay in the image that ships.

    They are often larger than what they built, and a gift to whoever breaks in. Built in a stage of its own, the result is
    copied without them; or the RUN that installs them removes them when it is done, by a virtual package with apk. Images
    without a command, and those in which nothing is compiled, may be there for their tools.

    ```dockerfile bad
    FROM python:3.12-slim
    RUN apt-get update && apt-get install -y gcc libpq-dev && rm -rf /var/lib/apt/lists/*
    COPY requirements.txt .
    RUN pip install --no-cache-dir -r requirements.txt
    CMD ["python", "-m", "app"]
    ```

    ```dockerfile good
    FROM python:3.12 AS build
    COPY requirements.txt .
    RUN pip wheel --no-cache-dir --wheel-dir /wheels -r requirements.txt

    FROM python:3.12-slim
    RUN --mount=type=bind,from=build,source=/wheels,target=/wheels pip install --no-cache-dir /wheels/*
    CMD ["python", "-m", "app"]
    ```

    ```dockerfile good
    FROM alpine:3.20
    RUN apk add --no-cache --virtual .build gcc musl-dev python3-dev \\
        && pip install --no-cache-dir psycopg2==2.9.9 \\
        && apk del .build
    CMD ["python3", "-m", "app"]
    ```

    **Source:** Docker's guides on multi-stage builds and on best practices.
    """
    del doc
    target = facts.graph.target
    if target is None or not _has_command(facts, target):
        return
    line = facts.graph.lineage(target)
    runs = [run for stage in reversed(line) for run in stage.all(nodes.Run)]
    packages: list[Word] = []
    compiled = max((index for index, run in enumerate(runs) if _compiles(facts, run)), default=-1)
    removed = max((index for index, run in enumerate(runs) if _removes(facts, run)), default=-1)
    for index, run in enumerate(runs):
        if removed < index <= compiled:
            packages += _build_packages(facts, run)
        if any(_matches(word, "needed-at-run-time") for item in facts.invocations(run) for word in item.packages):
            return
    if packages:
        names = list(dict.fromkeys(word.text for word in packages))
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        message = f"the image ships {', '.join(names[:MOST_NAMED])}{more}, which only a build needs: a build stage keeps that out"
        yield Finding("DF205", packages[0].span, message)


def _has_command(facts: Facts, target: Stage) -> bool:
    """Whether a stage, or one that it is built on, says what to run other than a shell."""
    for stage in facts.graph.lineage(target):
        for node in reversed(stage.instructions):
            if isinstance(node, nodes.Cmd | nodes.Entrypoint):
                words = node.form.words if isinstance(node.form, nodes.Exec) else ()
                line = (
                    [word.text for word in words]
                    if words
                    else node.form.text.split()
                    if isinstance(node.form, nodes.Shell)
                    else []
                )
                return bool(line) and not _is_prompt(line)
    return False


def _is_prompt(line: list[str]) -> bool:
    """Whether a command line starts no more than a shell, or an interpreter that asks for its program."""
    name = line[0].rsplit("/", 1)[-1]
    return name in SHELLS or (len(line) == 1 and any(fnmatchcase(name, known) for known in INTERPRETERS))


def _build_packages(facts: Facts, run: Run) -> Iterator[Word]:
    """The packages for compiling that a RUN installs; those of a virtual package are meant to be removed."""
    for invocation in facts.invocations(run):
        if (
            invocation.tool.kind == "system"
            and invocation.action == "install"
            and not invocation.has(("-t", "--virtual"))
        ):
            yield from (
                word for word in invocation.packages if _matches(word, "compilers") or _matches(word, "headers")
            )


def _compiles(facts: Facts, run: Run) -> bool:
    """Whether a RUN builds something, or installs what may have to be compiled."""
    if any(
        item.tool.kind in ("language", "build") and item.action in ("install", "build")
        for item in facts.invocations(run)
    ):
        return True
    return any(command.name.rsplit("/", 1)[-1] in COMPILE for command in facts.commands(run))


def _removes(facts: Facts, run: Run) -> bool:
    """Whether a RUN takes packages away, or may do so by a script."""
    return any(item.tool.kind == "system" and item.action == "remove" for item in facts.invocations(run))


def _matches(word: Word, group: str) -> bool:
    """Whether a package is one of a group of `build-packages.toml`; its version does not matter."""
    name = re.split(r"[=~:<>]", word.text, maxsplit=1)[0]
    return any(fnmatchcase(name, pattern) for pattern in _packages()[group])


@cache
def _packages() -> dict[str, list[str]]:
    text = resources.files("dockerlint.lint").joinpath("data", "build-packages.toml").read_text(encoding="utf8")
    return tomllib.loads(text)
