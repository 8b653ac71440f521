"""DF642: the builder does not know what to do with a variable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.variable_references import OPERATORS
from dockerlint.lint.syntax.word_expansion import ExpansionError, variables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile


@rule(name="bad-substitution", severity=Severity.ERROR, needs=("${",))
def bad_substitution(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A variable is written in a form that the builder does not know.

    The shell knows more forms than the builder, which has `:-`, `:+`, `:?`, `#`, `%` and `/` and their likes only. It refuses the file.

    ```dockerfile bad
    FROM debian:bookworm-slim
    ARG NAME=Tool
    ENV FILE=${NAME^^}
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    ARG NAME=Tool
    ENV FILE=${NAME:-tool}
    ```

    **Source:** the Dockerfile reference, "Environment replacement".
    """
    for node in facts.every(nodes.Instruction):
        for word in _words(node):
            if "${" not in word.text:
                continue
            try:
                found = variables(word.text, doc.escape)
            except ExpansionError as error:
                yield Finding(word.span, f"`{word.text[:40]}`: {error}")
                continue
            bad = next((item for item in found if item.operator not in OPERATORS), None)
            if bad:
                yield Finding(
                    word.span,
                    f"the builder does not know `{bad.operator}` in `{word.text[bad.start : bad.end][:40]}`",
                )


def _words(node: nodes.Instruction) -> list[nodes.Word]:
    """The words in which the builder puts variables; not the scripts, which a shell reads."""
    match node:
        case nodes.From():
            return [node.image]
        case nodes.Env() | nodes.Arg() | nodes.Label():
            return [pair.value for pair in node.pairs if pair.value]
        case nodes.Copy():
            return [*node.paths, node.destination]
        case nodes.User() | nodes.Workdir() | nodes.Stopsignal():
            return [node.argument]
        case nodes.Expose() | nodes.Volume():
            return list(node.words)
        case _:
            return []
