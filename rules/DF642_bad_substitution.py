"""DF642: a variable or a quote has a form that the builder does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.span import Span
from dockerlint.lint.syntax.variable_references import OPERATORS, expanded_bodies, expanded_words, uses
from dockerlint.lint.syntax.word_expansion import ExpansionError, variables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile

# What a word must hold to be more than plain text.
# Characters of a word that a message shows.
MOST_SHOWN = 40
MARKS = ("${", '"', "'")


@rule(name="bad-substitution", severity=Severity.ERROR)
def bad_substitution(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A variable or a quote has a form that the builder does not know.

    The shell knows more forms than the builder, which has `:-`, `:+`, `:?`, `#`, `%` and `/` and their likes only, and wants
    every quote closed. It refuses the file. The same holds for a here-document of COPY or ADD whose delimiter is not quoted.

    ```dockerfile bad
    FROM debian:bookworm-slim
    ARG NAME=Tool
    ENV FILE=${NAME^^}
    ```

    ```dockerfile bad
    FROM debian:bookworm-slim
    LABEL note=it's
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    ARG NAME=Tool
    ENV FILE=${NAME:-tool}
    ```

    **Source:** the Dockerfile reference, "Environment replacement".
    """
    if facts.other_text is not None:
        return
    for node in facts.every(nodes.Instruction):
        for word in expanded_words(doc, node):
            yield from _problem(word, doc.escape, skip_quotes=False)
        for body in expanded_bodies(doc, node):
            yield from _problem(body, "\\", skip_quotes=True)
        if isinstance(node, nodes.From):
            yield from _unset(doc, facts, node)


def _problem(word: nodes.Word, escape: str, *, skip_quotes: bool) -> Iterator[Finding]:
    """What the builder cannot read in a word, or in the body of a here-document."""
    if not any(mark in word.text for mark in MARKS):
        return
    try:
        found = variables(word.text, escape, skip_quotes=skip_quotes)
    except ExpansionError as error:
        yield Finding(_part(word, error.offset), f"`{_brief(word.text, error.offset)}`: {error}")
        return
    bad = next((item for item in found if item.operator not in OPERATORS), None)
    if bad:
        brief = _brief(word.text, bad.start)
        yield Finding(_part(word, bad.start), f"`{brief}`: the builder has no operator `{bad.operator}`")


def _part(word: nodes.Word, offset: int) -> Span:
    """A word; of one whose characters are those of the file, such as a here-document, what stands from the offset on that line."""
    if word.span.end - word.span.start != len(word.text) or "\n" not in word.text:
        return word.span
    end = word.text.find("\n", offset)
    return Span(word.span.start + offset, word.span.start + (end if end > offset else len(word.text)))


def _brief(text: str, offset: int) -> str:
    """A short word whole; of a longer one, and of a here-document, what stands from the offset on."""
    start = 0 if len(text) <= MOST_SHOWN and "\n" not in text else offset
    return text[start:].partition("\n")[0][:MOST_SHOWN]


def _unset(doc: Dockerfile, facts: Facts, node: nodes.From) -> Iterator[Finding]:
    """The variables that a FROM demands, and that no ARG declares."""
    for use in uses(doc, node):
        if use.reference.operator.endswith("?") and use.name not in facts.global_args:
            yield Finding(use.span, f"FROM requires `{use.name}`, and no ARG before the first FROM declares it")
