"""DF504: a git clone has no fixed commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.analysis.program_calls import calls
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts

CHECKED_OUT = regex(r"\bgit\b[^&|;]{0,200}\s(?:checkout|reset|switch|rev-parse|verify-(?:tag|commit))\b")
MOVING = frozenset({"main", "master", "develop", "devel", "dev", "trunk", "HEAD", "stable"})


@rule(name="moving-clone", severity=Severity.INFO, recommended=False, needs=("git",))
def moving_clone(facts: Facts) -> Iterator[Finding]:
    """A git clone has no fixed commit.

    The RUN stays in the cache: a later build silently ships an old state, a build on another machine a newer one. `ADD
    https://host/repository.git#tag` pins a state and runs again when it changes.

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN git clone https://example.com/app.git /app
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    ADD https://example.com/app.git#v1.2.0 /app
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    RUN git clone --branch v1.2.0 --depth 1 https://example.com/app.git /app
    ```

    **Source:** the Dockerfile reference, "Adding files from a Git repository".
    """
    for run in facts.every(nodes.Run):
        source = facts.doc.source(run.span)
        if CHECKED_OUT.search(source):
            continue
        for call in calls(facts, run, "git"):
            if "clone" not in call.texts:
                continue
            branch = call.value("--branch", "b") or call.value("--revision", "\0")
            if branch is None or branch in MOVING:
                yield Finding(
                    call.command.span,
                    "`git clone` fetches whatever the branch holds at build time: use a tag or a commit",
                )
