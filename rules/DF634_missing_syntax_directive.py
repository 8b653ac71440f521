"""DF634: features of newer builders are used without saying so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile, Instruction

# Flags that came after the first release of the language (1.4 and later).
NEWER = frozenset({"link", "parents", "exclude", "checksum", "keep-git-dir", "security", "unpack"})


@rule(name="missing-syntax-directive", severity=Severity.INFO, recommended=False)
def missing_syntax_directive(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """The file uses what older builders do not know, and does not say which builder's language it is written in.

    `# syntax=docker/dockerfile:1` makes any BuildKit fetch the language of today; without it the one that is built in decides, and
    an old one refuses the file.

    ```dockerfile bad
    FROM python:3.12-slim
    COPY --link app /app
    ```

    ```dockerfile good
    # syntax=docker/dockerfile:1
    FROM python:3.12-slim
    COPY --link app /app
    ```

    **Source:** the Dockerfile reference, "syntax"; BuildKit's notes on the releases of its Dockerfile language.
    """
    if doc.directive("syntax") or facts.settings.builder != "buildkit":
        return
    for node in doc.instructions:
        what = _newer(node)
        if what:
            yield Finding(
                node.keyword.span,
                f"{node.name} {what} needs a newer builder: say `# syntax=docker/dockerfile:1` on top",
            )
            return


def _newer(node: Instruction) -> str | None:
    """What in an instruction only came with a later release of the language."""
    flag = next((flag for flag in node.flags if flag.name in NEWER), None)
    if flag is not None:
        return f"--{flag.name}"
    return "with a here-document" if getattr(node, "heredocs", ()) else None
