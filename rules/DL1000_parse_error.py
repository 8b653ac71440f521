"""DL1000: the builder refuses the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.analysis.refusals import refusals
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile


@rule(name="parse-error", severity=Severity.ERROR)
def parse_error(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """The builder refuses the file.

    A bad instruction is one finding; the others are read and checked as if it were not there.

    ```dockerfile bad
    FROM alpine:3.20
    COYP app /app
    ```

    dlint also reports what the builder refuses later, as far as the file alone decides it: invalid values, stages that come
    later, sources that COPY cannot use. The page "What the builder refuses" lists all of it.

    ```dockerfile bad
    FROM debian:bookworm-slim
    COPY --from=assets /srv /srv
    FROM node:22-slim AS assets
    ```

    ```dockerfile bad
    FROM debian:bookworm-slim
    COPY --chmod=64a app /app
    ```

    For a template, or another kind of file, one finding says so:

    ```dockerfile bad
    FROM {{ base_image }}
    {% if proxy %}
    ENV HTTPS_PROXY={{ proxy }}
    {% endif %}
    ```

    ```dockerfile good
    FROM alpine:3.20
    COPY app /app
    ```

    **Source:** the Dockerfile reference, and BuildKit's frontend where the reference is silent.
    """
    if (other := facts.other_text) is not None:
        yield Finding(other.span, other.message)
        return
    found = doc.problems if facts.as_hadolint else (*doc.problems, *refusals(facts))
    for problem in found:
        yield Finding(problem.span, problem.message)
