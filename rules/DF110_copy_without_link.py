"""DF110: COPY --from without `--link` runs again when an earlier layer changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.edits import insert
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile


@rule(name="copy-without-link", severity=Severity.STYLE, recommended=False, needs=("--from",))
def copy_without_link(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """COPY --from without `--link` runs again when an earlier layer changes.

    With `--link` the files are a layer of their own: it stays in the cache and in the registry when the base image or a step above
    it changes. Folders that are links in the image below are not followed, and a name in --chown must be a number.

    ```dockerfile bad
    FROM golang:1.23 AS build
    RUN go install example.com/app@v1.2.0

    FROM debian:bookworm-slim
    COPY --from=build /go/bin/app /usr/local/bin/
    ```

    ```dockerfile fixed
    FROM golang:1.23 AS build
    RUN go install example.com/app@v1.2.0

    FROM debian:bookworm-slim
    COPY --link --from=build /go/bin/app /usr/local/bin/
    ```

    ```dockerfile good
    FROM golang:1.23 AS build
    RUN go install example.com/app@v1.2.0

    FROM debian:bookworm-slim
    COPY --link --from=build /go/bin/app /usr/local/bin/
    ```

    **Fix safety:** always unsafe: a folder of the destination may be a link in the image below.

    **Source:** the Dockerfile reference, `COPY --link`.
    """
    if facts.settings.builder != "buildkit":
        return
    for stage in doc.stages:
        for copy in stage.all(nodes.Copy):
            owner = copy.flag_value("chown") or ""
            if (
                copy.from_ is None
                or copy.flag("link")
                or not all(part.isdecimal() for part in owner.split(":") if part)
            ):
                continue
            fix = Fix("add `--link`", (insert(copy.keyword.span.end, " --link"),), Applicability.UNSAFE)
            message = f"`{facts.brief(copy)}` runs again whenever an earlier layer changes: `--link` makes it independent of them"
            yield Finding(copy.keyword.span, message, fix)
