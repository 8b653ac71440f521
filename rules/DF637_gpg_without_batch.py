"""DF637: gpg is called without `--batch`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.cache.cleanup import add_option
from dockerlint.lint.analysis.program_calls import calls
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts


@rule(name="gpg-without-batch", severity=Severity.INFO, recommended=False, needs=("gpg",))
def gpg_without_batch(facts: Facts) -> Iterator[Finding]:
    """gpg is called without `--batch`.

    Without `--batch` it may ask, and its output and options are not meant for scripts.

    ```dockerfile bad
    FROM debian:bookworm-slim
    COPY tool.asc tool /tmp/
    RUN gpg --verify /tmp/tool.asc /tmp/tool
    ```

    ```dockerfile fixed
    FROM debian:bookworm-slim
    COPY tool.asc tool /tmp/
    RUN gpg --batch --verify /tmp/tool.asc /tmp/tool
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    COPY tool.asc tool /tmp/
    RUN gpg --batch --verify /tmp/tool.asc /tmp/tool
    ```

    **Fix safety:** always unsafe: what it does where it would have asked may be something else.

    **Source:** the manual page of gpg, `--batch`.
    """
    for run in facts.every(nodes.Run):
        for call in calls(facts, run, "gpg", "gpg2"):
            if any(text in ("--batch", "--no-tty", "--dearmor", "--version") for text in call.texts) or not call.texts:
                continue
            fix = Fix("add `--batch`", (add_option(run, call.words[0], "--batch"),), Applicability.UNSAFE)
            yield Finding(
                call.words[0].span,
                f"`{call.name}` without `--batch` may ask a question, and a build cannot answer",
                fix,
            )
