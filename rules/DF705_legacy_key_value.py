"""DF705: ENV or LABEL uses the legacy form without `=`."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from dockerlint.fixers.edits import insert
from dockerlint.fixers.refusal import Refusal, answered
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.span import Edit, Span
from dockerlint.lint.syntax.word_expansion import ExpansionError, expand, variables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile, Env, Label, Pair, Word


@rule(
    name="legacy-key-value",
    severity=Severity.STYLE,
    aliases=("LegacyKeyValueFormat",),
    recommended=False,
    needs=("env", "label"),
)
def legacy_key_value(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """ENV or LABEL uses the legacy form without `=`.

    The old form takes all that is left of the line as the value, so it can set one variable only, and a second
    `key=value` in the line becomes part of the first. It may be withdrawn.

    ```dockerfile bad
    FROM alpine:3.20
    ENV GREETING hello world
    LABEL maintainer "anna@example.com"
    ```

    ```dockerfile fixed
    FROM alpine:3.20
    ENV GREETING="hello world"
    LABEL maintainer="anna@example.com"
    ```

    ```dockerfile good
    FROM alpine:3.20
    ENV GREETING="hello world" COLOUR=blue
    ```

    **Fix safety:** safe: it is only offered where the builder reads the same value from both forms.

    **Source:** BuildKit's check LegacyKeyValueFormat.
    """
    found: Iterator[Env | Label] = chain(facts.every(nodes.Env), facts.every(nodes.Label))
    for node in found:
        for pair in node.pairs:
            if pair.legacy:
                message = f"`{node.name} {pair.key.text} ...` has no `=` between key and value"
                yield answered(doc.marked(node, pair.span), message, _fix(doc, pair))


def _fix(doc: Dockerfile, pair: Pair) -> Fix | Refusal:
    value = pair.value
    if value is None or not pair.key.text or any(char in pair.key.text for char in "\"'$=" + doc.escape):
        return Refusal("the key or the value cannot stand beside a `=`")
    gap = Span(pair.key.span.end, value.span.start)
    if doc.source(gap).strip(" \t"):
        return Refusal("a line ends between key and value: write them on one line")
    edits = _quoted(doc, gap, value)
    if not edits:
        return Refusal("the builder would read another value in quotes: quote it by hand")
    return Fix("use `key=value`", edits, Applicability.SAFE)


def _quoted(doc: Dockerfile, gap: Span, value: Word) -> tuple[Edit, ...] | None:
    """The edits that leave most of the value as it is, among those that the builder reads as the same value."""
    text, escape = value.text, doc.escape
    if not any(char.isspace() for char in text):
        return (Edit(gap, "="),)
    if text[0] == text[-1] and text[0] in "\"'" and text[0] not in text[1:-1] and escape not in text:
        return (Edit(gap, "="),)
    if '"' not in text and _same(text, f'"{text}"', escape):
        return (Edit(gap, '="'), insert(value.span.end, '"'))
    escaped = "".join(escape + char if char in '"' + escape else char for char in _unquoted(text, escape))
    if doc.source(value.span) == text and _same(text, f'"{escaped}"', escape):
        return (Edit(gap, "="), Edit(value.span, f'"{escaped}"'))
    return None


def _unquoted(text: str, escape: str) -> str:
    """The text without quotes and escapes, its variables left as they are written."""
    try:
        return expand(text, {}, escape, skip_unset=True)
    except ExpansionError:
        return text


def _same(one: str, other: str, escape: str) -> bool:
    """Whether the builder reads the same from both, whatever the variables in them are."""
    try:
        names = {reference.name for reference in (*variables(one, escape), *variables(other, escape))}
        # values that are told apart, one with a blank and one that is empty
        for values in ({name: f" <{name}> " for name in names}, dict.fromkeys(names, ""), {}):
            if expand(one, values, escape) != expand(other, values, escape):
                return False
    except ExpansionError:
        return False
    return True
