"""DL1001: a comment silences findings of one instruction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.engine.suppressions import ignores, pragmas

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile


@rule(name="inline-ignore", severity=Severity.INFO, recommended=False, needs=("#",))
def inline_ignore(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A comment silences findings of one instruction.

    For teams that keep all exceptions in the configuration. Off by default, as in hadolint.

    ```dockerfile bad
    FROM debian:bookworm-slim
    # dlint ignore=DL3004 sudo drops the rights here
    RUN sudo -u app make
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    # sudo drops the rights here
    RUN sudo -u app make
    ```

    **Source:** hadolint DL1001.
    """
    if facts.as_hadolint:
        spans = [comment.span for comment in pragmas(doc)]
    else:
        spans = [item.span for item in ignores(doc) if item.covers and not item.scope]
        spans += [comment.span for comment in pragmas(doc) if comment.span not in spans]
    for span in spans:
        yield Finding(span, "a comment ignores findings here: put the exception into the configuration")
