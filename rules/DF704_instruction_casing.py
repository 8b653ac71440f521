"""DF704: instructions differ in case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.edits import replace_word
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.syntax.nodes import Dockerfile, Instruction


@rule(
    name="instruction-casing",
    severity=Severity.STYLE,
    aliases=("ConsistentInstructionCasing",),
    recommended=False,
)
def instruction_casing(doc: Dockerfile) -> Iterator[Finding]:
    """Instructions differ in case.

    The file is easier to read when all have the case that most have; of equally many, capitals count.

    ```dockerfile bad
    FROM alpine:3.20
    run apk add --no-cache curl
    Cmd ["curl", "--version"]
    COPY config /etc/
    ```

    ```dockerfile fixed
    FROM alpine:3.20
    RUN apk add --no-cache curl
    CMD ["curl", "--version"]
    COPY config /etc/
    ```

    ```dockerfile good
    from alpine:3.20
    run apk add --no-cache curl
    ```

    **Fix safety:** safe: the builder reads both the same.

    **Source:** BuildKit's check ConsistentInstructionCasing.
    """
    keywords = [node for stage in doc.stages for node in (stage.from_, *stage.instructions)]
    keywords = [node for node in keywords if not isinstance(node, nodes.Bad)]
    lower = sum(node.keyword.text.islower() for node in keywords)
    upper = sum(node.keyword.text.isupper() for node in keywords)
    for node in keywords:
        word = node.keyword
        wanted = _cased(word.text, is_lower=lower > upper)
        if word.text != wanted:
            how = "lower" if lower > upper else "upper"
            yield Finding(
                word.span, f"most instructions are in {how} case, `{word.text}` is not", _fix(node, wanted)
            )


def _cased(keyword: str, *, is_lower: bool) -> str:
    return keyword.lower() if is_lower else keyword.upper()


def _fix(node: Instruction, wanted: str) -> Fix:
    edits = [replace_word(node.keyword, wanted)]
    if isinstance(node, nodes.Onbuild):
        trigger = node.trigger.keyword
        edits.append(replace_word(trigger, _cased(trigger.text, is_lower=wanted.islower())))
    return Fix(f"use `{wanted}`", tuple(edits), Applicability.SAFE)
