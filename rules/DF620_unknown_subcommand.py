"""DF620: a tool is called with an unknown subcommand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.edits import replace_word
from dockerlint.fixers.refusal import Refusal, answered
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.did_you_mean import most_alike

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile

# Commands are short words, in which one slip weighs more.
ALIKE = 0.6


@rule(name="unknown-subcommand", severity=Severity.ERROR)
def unknown_subcommand(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A tool is called with an unknown subcommand.

    The step fails, after all steps above it have run.

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN apt-get update && apt-get instal -y curl
    ```

    ```dockerfile fixed
    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y curl
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y curl
    ```

    **Fix safety:** always unsafe: the nearest command may not be the one that was meant.

    **Source:** the tools' own lists of commands, in the catalogue of tools.
    """
    for stage in doc.stages:
        for run in stage.all(nodes.Run):
            for invocation in facts.invocations(run):
                known = invocation.tool.subcommands
                if not known or invocation.action or not invocation.subcommand_words:
                    continue
                word = invocation.subcommand_words[0]
                if word.text in known or not word.text.replace("-", "").isalpha():
                    continue
                yield _finding(invocation.words[0].text, word, known)


def _finding(tool: str, word: nodes.Word, known: tuple[str, ...]) -> Finding:
    near = most_alike(word.text, known, ALIKE)
    message = f"`{tool}` has no command {word.text!r}" + (f": did you mean {near}?" if near else "")
    fix: Fix | Refusal = Refusal("no command of it is spelt like that")
    if near:
        fix = Fix(f"use `{near}`", (replace_word(word, near),), Applicability.UNSAFE)
    return answered(word.span, message, fix)
