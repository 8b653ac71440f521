"""DL3048: a label key breaks Docker's guidelines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.refusal import Refusal, answered
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.span import Edit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile, Pair

# hadolint lets `_` and `/` pass too, which Docker's guidelines do not name.
KEY = regex(r"[a-z](?:[a-z0-9._/-]*[a-z0-9])?")
RESERVED = ("com.docker.", "io.docker.", "org.dockerproject.")


@rule(name="bad-label-key", severity=Severity.STYLE, recommended=False, needs=("label",))
def bad_label_key(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A label key breaks Docker's guidelines.

    A key starts with a small letter, ends with a small letter or a digit, and has nothing but these, single dots and
    hyphens between. The name spaces `com.docker.`, `io.docker.` and `org.dockerproject.` are Docker's own.

    ```dockerfile bad
    FROM debian:bookworm-slim
    LABEL Version="1.2"
    ```

    ```dockerfile fixed
    FROM debian:bookworm-slim
    LABEL version="1.2"
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    LABEL org.opencontainers.image.version="1.2"
    ```

    **Fix safety:** unsafe: whoever reads the label looks for its former key. There is a fix for capitals only.

    **Source:** hadolint DL3048; Docker's documentation, object labels.
    """
    for node in facts.every(nodes.Label, triggers=not facts.as_hadolint):
        for pair in node.pairs:
            key = pair.key.text.strip("\"'")
            if "$" in key and not facts.as_hadolint:
                key = facts.expand(key, node) or key
            if not _is_good(key):
                yield answered(
                    pair.key.span, f"label key `{key}` {_why(key)}", _fix(doc, facts, pair)
                )


def _is_good(key: str) -> bool:
    return bool(KEY.fullmatch(key)) and ".." not in key and "--" not in key and not key.startswith(RESERVED)


def _why(key: str) -> str:
    return "is in a name space reserved for Docker" if key.startswith(RESERVED) else "is not lower case with dots and dashes"


def _fix(doc: Dockerfile, facts: Facts, pair: Pair) -> Fix | Refusal:
    written = doc.source(pair.key.span)
    lower = written.lower()
    key = lower.strip("\"'")
    taken = {item.key.text.strip("\"'") for node in facts.every(nodes.Label) for item in node.pairs}
    if not _is_good(key) or key in taken:
        return Refusal("no key in small letters fits that is not taken: choose one")
    return Fix(f"use `{lower}`", (Edit(pair.key.span, lower),), Applicability.UNSAFE)
