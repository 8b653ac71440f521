"""DF212: a RUN leaves its temporary folder in the layer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.span import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts

TEMPORARY = "/tmp"  # noqa: S108
MADE = regex(r"\b(\w+)=\"?(?:\$\(|`)mktemp\s+(?:-d|--directory)\b")


@rule(name="scratch-folder-left", severity=Severity.INFO, recommended=False)
def scratch_folder_left(facts: Facts) -> Iterator[Finding]:
    """A RUN leaves its temporary folder in the layer.

    Sources and object files are often larger than the result. Only the RUN that creates the folder can delete it.

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN dir="$(mktemp -d)" && cd "$dir" && curl -fsSL https://example.com/tool.tar.gz | tar -xz && make install
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    RUN dir="$(mktemp -d)" && cd "$dir" && curl -fsSL https://example.com/tool.tar.gz | tar -xz && make install && rm -rf "$dir"
    ```

    **Source:** Docker's guide on best practices, RUN.
    """
    for run in facts.every(nodes.Run):
        if not facts.in_image(run):
            continue
        source = facts.doc.source(run.span)
        for match in MADE.finditer(source):
            name = match[1]
            if re.search(rf"\brm\b[^&;|]{{0,500}}\$\{{?{name}\b|trap\b[^&;|]{{0,500}}{name}", source) or facts.mounted(
                run, TEMPORARY
            ):
                continue
            start = run.span.start + match.start()
            yield Finding(
                Span(start, start + len(match[0])),
                f"the temporary folder `${name}` stays in the layer: delete it in this RUN",
            )
