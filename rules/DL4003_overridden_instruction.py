"""DL3012, DL4003 and DL4004: an instruction that a later one of the same stage makes void."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from dockerlint.fixers.edits import delete_instruction
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile, Instruction

# BuildKit has one check for the three.
ALIAS = "MultipleInstructionsDisallowed"


@rule("DL3012", name="overridden-healthcheck", severity=Severity.ERROR, aliases=(ALIAS,), needs=("healthcheck",))
def overridden_healthcheck(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A stage has several HEALTHCHECKs, of which only the last one counts.

    ```dockerfile bad
    FROM nginx:1.27
    HEALTHCHECK CMD curl -f http://localhost/
    HEALTHCHECK --interval=1m CMD curl -f http://localhost/health
    ```

    ```dockerfile fixed
    FROM nginx:1.27
    HEALTHCHECK --interval=1m CMD curl -f http://localhost/health
    ```

    ```dockerfile good
    FROM nginx:1.27 AS web
    HEALTHCHECK CMD curl -f http://localhost/

    FROM web
    HEALTHCHECK NONE
    ```

    **Fix safety:** safe: the image has the last one's setting, with or without the others.

    **Source:** hadolint DL3012; BuildKit's check MultipleInstructionsDisallowed.
    """
    yield from _overridden("DL3012", nodes.Healthcheck, doc, facts)


@rule("DL4003", name="overridden-cmd", severity=Severity.WARNING, aliases=(ALIAS,), needs=("cmd",))
def overridden_cmd(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A stage has several CMDs, of which only the last one counts.

    Who wrote the first may think that both run.

    ```dockerfile bad
    FROM node:22-slim
    CMD ["node", "migrate.js"]
    CMD ["node", "server.js"]
    ```

    ```dockerfile fixed
    FROM node:22-slim
    CMD ["node", "server.js"]
    ```

    ```dockerfile good
    FROM node:22-slim
    CMD ["node", "server.js"]
    ```

    **Fix safety:** safe: the image has the last one's setting, with or without the others.

    **Source:** hadolint DL4003; BuildKit's check MultipleInstructionsDisallowed.
    """
    yield from _overridden("DL4003", nodes.Cmd, doc, facts)


@rule("DL4004", name="overridden-entrypoint", severity=Severity.ERROR, aliases=(ALIAS,), needs=("entrypoint",))
def overridden_entrypoint(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A stage has several ENTRYPOINTs, of which only the last one counts.

    ```dockerfile bad
    FROM debian:bookworm-slim
    ENTRYPOINT ["/usr/local/bin/setup"]
    COPY app /app
    ENTRYPOINT ["/app/server"]
    ```

    ```dockerfile fixed
    FROM debian:bookworm-slim
    COPY app /app
    ENTRYPOINT ["/app/server"]
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    COPY app /app
    ENTRYPOINT ["/app/server"]
    ```

    **Fix safety:** safe: the image has the last one's setting, with or without the others.

    **Source:** hadolint DL4004; BuildKit's check MultipleInstructionsDisallowed.
    """
    yield from _overridden("DL4004", nodes.Entrypoint, doc, facts)


def _overridden(code: str, kind: type[Instruction], doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    groups = (doc.preamble, *(stage.instructions for stage in doc.stages))
    for group in groups:
        for void, following in pairwise(node for node in group if isinstance(node, kind)):
            # hadolint points at the one that does something
            span = following.span if facts.as_hadolint else void.span
            fix = Fix(f"delete the {void.name} that does nothing", (delete_instruction(doc, void),), Applicability.SAFE)
            message = f"{void.name} on line {doc.line(void.span.start)} does nothing: a later one takes its place"
            yield Finding(code, span, message, fix)
