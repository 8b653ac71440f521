"""DF703: `FROM` and `as` differ in case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.edits import replace_word
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.syntax.nodes import Dockerfile


@rule(name="as-casing", severity=Severity.STYLE, aliases=("FromAsCasing",), recommended=False)
def as_casing(doc: Dockerfile) -> Iterator[Finding]:
    """`FROM` and `as` differ in case.

    A FROM of mixed case is left to instruction-casing.

    ```dockerfile bad
    FROM golang:1.25 as build
    ```

    ```dockerfile fixed
    FROM golang:1.25 AS build
    ```

    ```dockerfile good
    FROM golang:1.25 AS build
    ```

    **Fix safety:** safe: the builder reads both the same.

    **Source:** BuildKit's check FromAsCasing.
    """
    for stage in doc.stages:
        keyword, word = stage.from_.keyword.text, stage.from_.as_keyword
        if word is None or not (keyword.isupper() or keyword.islower()):
            continue
        wanted = "AS" if keyword.isupper() else "as"
        if word.text != wanted:
            fix = Fix(f"use `{wanted}`", (replace_word(word, wanted),), Applicability.SAFE)
            message = f"`{word.text}` does not match the case of `{keyword}`"
            yield Finding(doc.marked(stage.from_, word.span), message, fix)
