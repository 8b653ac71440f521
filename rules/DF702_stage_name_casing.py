"""DF702: a stage name is not in lower case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.edits import replace_word
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax.span import Edit, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.syntax.nodes import Dockerfile

# `--from=name` of COPY, `from=name` of a mount; what goes on like an image's name is one.
NAMED = regex(r"(?:--|,|=)from=['\"]?([\w.-]++)(?![/:@])")


@rule(name="stage-name-casing", severity=Severity.STYLE, aliases=("StageNameCasing",), recommended=False)
def stage_name_casing(doc: Dockerfile) -> Iterator[Finding]:
    """A stage name is not in lower case.

    The builder makes the name lower-case before it compares; a FROM that repeats it with its capitals finds no such
    stage.

    ```dockerfile bad
    FROM golang:1.25 AS Build
    RUN go build -o /server .

    FROM scratch
    COPY --from=Build /server /server
    ```

    ```dockerfile fixed
    FROM golang:1.25 AS build
    RUN go build -o /server .

    FROM scratch
    COPY --from=build /server /server
    ```

    ```dockerfile good
    FROM golang:1.25 AS build-stage
    ```

    **Fix safety:** safe: the builder uses the lower-case name already.

    **Source:** BuildKit's check StageNameCasing.
    """
    named = [(stage.from_, stage.from_.alias) for stage in doc.stages if stage.from_.alias]
    bad = [(node, alias) for node, alias in named if alias.text != alias.text.lower()]
    others = _others(doc) if bad else {}
    for node, alias in bad:
        later = (span for span in others.get(alias.text, ()) if span.start > node.span.end)
        edits = (replace_word(alias, alias.text.lower()), *(Edit(span, alias.text.lower()) for span in later))
        fix = Fix(f"use `{alias.text.lower()}`", edits, Applicability.SAFE)
        yield Finding(doc.marked(node, alias.span), f"stage name `{alias.text}` is not in lower case", fix)


def _others(doc: Dockerfile) -> dict[str, list[Span]]:
    """Where stages are referred to, by name."""
    found: dict[str, list[Span]] = {}
    for stage in doc.stages:
        image = stage.from_.image
        found.setdefault(image.text, []).append(image.span)
        for flag in (flag for node in stage.instructions for flag in node.flags):
            for match in NAMED.finditer(doc.source(flag.span)):
                span = Span(flag.span.start + match.start(1), flag.span.start + match.end(1))
                found.setdefault(match[1], []).append(span)
    return found
