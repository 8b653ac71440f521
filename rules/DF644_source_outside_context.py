"""DF644: a source is outside the build context."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dockerlint.lint.context.dockerignore import clean_path
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts


@rule(name="source-outside-context", severity=Severity.WARNING, needs=("..",))
def source_outside_context(facts: Facts) -> Iterator[Finding]:
    """A source is outside the build context.

    The builder takes the dots away and looks for the rest in the context itself: it finds nothing, or another file of that name.

    ```dockerfile bad
    FROM debian:bookworm-slim
    COPY ../shared/config.toml /etc/app/
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    COPY shared/config.toml /etc/app/
    ```

    **Source:** the Dockerfile reference, "COPY": sources are relative to the root of the context.
    """
    for copy in facts.every(nodes.Copy):
        if copy.from_ is not None:
            continue
        for word in copy.paths:
            path = facts.expand(word.text, copy) or word.text
            # within the context `a/../b` is b
            if "://" not in path and posixpath.normpath(path).startswith(".."):
                yield Finding(
                    word.span,
                    f"`{word.text}` is outside the build context: the builder uses {clean_path(path) or 'all of the context'} instead",
                )
