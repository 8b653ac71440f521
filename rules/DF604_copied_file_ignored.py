"""DF604: COPY names a file that .dockerignore excludes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.analysis.copy_sources import context_sources
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile


@rule(name="copied-file-ignored", severity=Severity.WARNING, aliases=("CopyIgnoredFile",))
def copied_file_ignored(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """COPY names a file that .dockerignore excludes.

    The builder does not receive it, and the build fails. Remove the COPY, or add a pattern that includes the file again, such
    as `!dist`.

    ```context .dockerignore
    dist
    *.log
    !keep.log
    ```

    ```context dist/app.js
    console.log(1)
    ```

    ```dockerfile bad
    FROM node:22-slim
    COPY dist/app.js /srv/
    ```

    ```dockerfile good
    FROM node:22-slim
    COPY keep.log src /srv/
    COPY --from=assets dist /srv/dist
    ```

    **Source:** BuildKit's check CopyIgnoredFile; the Docker documentation, "Build context", .dockerignore files.
    """
    context = facts.context
    if context is None or context.ignore_file is None:
        return
    for node, word, path in context_sources(facts):
        found = context.find(path)
        if context.keeps_back(path) or (found and all(context.keeps_back(name) for name in found)):
            message = f"{context.ignore_file.name} excludes `{word.text}`: the builder cannot copy it"
            yield Finding(doc.marked(node, word.span), message)
