"""DF512: Python's bytecode holds the time of the build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.cache.cleanup import add_option
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.tool import Invocation
    from dockerlint.lint.syntax.nodes import Run

EPOCH = "SOURCE_DATE_EPOCH"
# Variables with which the step compiles nothing, or the same each time.
SETTINGS = frozenset({EPOCH, "PIP_NO_COMPILE"})


@rule(name="bytecode-with-times", severity=Severity.INFO, recommended=False, needs=("pip",))
def bytecode_with_times(facts: Facts) -> Iterator[Finding]:
    """`pip install` compiles what it installs, and the bytecode holds the times of the files.

    pip gives the files the time of the build, so no two builds have the same bytecode. Where `SOURCE_DATE_EPOCH` is set, Python writes a
    checksum of the source instead; `--no-compile` leaves the bytecode out.

    ```dockerfile bad
    FROM python:3.12-slim
    COPY requirements.txt .
    RUN pip install --no-cache-dir -r requirements.txt
    ```

    ```dockerfile fixed
    FROM python:3.12-slim
    COPY requirements.txt .
    RUN pip install --no-compile --no-cache-dir -r requirements.txt
    ```

    ```dockerfile good
    FROM python:3.12-slim
    ARG SOURCE_DATE_EPOCH=0
    COPY requirements.txt .
    RUN pip install --no-cache-dir -r requirements.txt
    ```

    **Fix safety:** always unsafe: without bytecode a program starts more slowly.

    **Source:** two builds of each of these files were compared; Python's documentation, py_compile.PycInvalidationMode.
    """
    for run in facts.every(nodes.Run):
        if not facts.in_image(run) or not SETTINGS.isdisjoint(facts.state(run).env):
            continue
        for item in facts.invocations(run):
            if item.tool.name == "pip" and item.action == "install" and not item.has(("--no-compile", "-t", "--target")) and not _is_set(facts, run, item):
                yield Finding(
                    item.command.span,
                    f"`{item.name}` stores the build time in bytecode: add `--no-compile`, or set `ARG {EPOCH}=0`",
                    _fix(run, item),
                )


def _is_set(facts: Facts, run: Run, item: Invocation) -> bool:
    """Whether the command is given one of the variables, or the script has exported it before."""
    before = (command for command in facts.commands(run) if command.name == "export" and command.span.start < item.command.span.start)
    words = (*item.command.assignments, *item.command.words, *(word for command in before for word in command.words))
    return any(word.text.partition("=")[0] in SETTINGS for word in words)


def _fix(run: Run, item: Invocation) -> Fix:
    return Fix("add `--no-compile`", (add_option(run, item.subcommand_words[-1], "--no-compile"),), Applicability.UNSAFE)
