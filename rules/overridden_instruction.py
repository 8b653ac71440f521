"""DL4003 and its kin: an instruction that a later one of the same stage makes void."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from dockerlint.fixers.edits import delete_instruction
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import Member, family
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile, Instruction

# BuildKit has one check for the three.
ALIAS = "MultipleInstructionsDisallowed"


PAGE = """A stage has several {keyword}s, of which only the last one counts.
{note}
```dockerfile bad
{bad}
```

```dockerfile fixed
{fixed}
```

```dockerfile good
{good}
```

**Fix safety:** safe: the image has the last one's setting, with or without the others.

**Source:** hadolint {code}; BuildKit's check MultipleInstructionsDisallowed.
"""


def overridden(doc: Dockerfile, facts: Facts, kind: type[Instruction]) -> Iterator[Finding]:
    """The instructions of a kind that a later one of their stage makes void."""
    groups = (doc.preamble, *(stage.instructions for stage in doc.stages))
    for group in groups:
        for void, following in pairwise(node for node in group if isinstance(node, kind)):
            # hadolint points at the one that does something
            span = following.span if facts.as_hadolint else void.span
            fix = Fix(f"delete the {void.name} that has no effect", (delete_instruction(doc, void),), Applicability.SAFE)
            message = f"{void.name} on line {doc.line(void.span.start)} has no effect: a later one replaces it"
            yield Finding(span, message, fix)


def _member(code: str, kind: type[Instruction], of_hadolint: Severity, bad: str, fixed: str, good: str, note: str = "") -> Member:
    keyword = kind.__name__.upper()
    words = {"code": code, "keyword": keyword, "bad": bad, "fixed": fixed, "good": good, "note": note}
    needs = (keyword.lower(),)
    return Member(code, f"overridden-{keyword.lower()}", {"kind": kind}, words, needs, hadolint_severity=of_hadolint)


OVERRIDDEN = family(
    overridden,
    PAGE,
    severity=Severity.WARNING,
    aliases=(ALIAS,),
    members=(
        _member(
            *("DL3012", nodes.Healthcheck, Severity.ERROR),
            bad="""FROM nginx:1.27
HEALTHCHECK CMD curl -f http://localhost/
HEALTHCHECK --interval=1m CMD curl -f http://localhost/health""",
            fixed="""FROM nginx:1.27
HEALTHCHECK --interval=1m CMD curl -f http://localhost/health""",
            good="""FROM nginx:1.27 AS web
HEALTHCHECK CMD curl -f http://localhost/

FROM web
HEALTHCHECK NONE""",
        ),
        _member(
            *("DL4003", nodes.Cmd, Severity.WARNING),
            note="\nWho wrote the first may think that both run.\n",
            bad="""FROM node:22-slim
CMD ["node", "migrate.js"]
CMD ["node", "server.js"]""",
            fixed="""FROM node:22-slim
CMD ["node", "server.js"]""",
            good="""FROM node:22-slim
CMD ["node", "server.js"]""",
        ),
        _member(
            *("DL4004", nodes.Entrypoint, Severity.ERROR),
            bad="""FROM debian:bookworm-slim
ENTRYPOINT ["/usr/local/bin/setup"]
COPY app /app
ENTRYPOINT ["/app/server"]""",
            fixed="""FROM debian:bookworm-slim
COPY app /app
ENTRYPOINT ["/app/server"]""",
            good="""FROM debian:bookworm-slim
COPY app /app
ENTRYPOINT ["/app/server"]""",
        ),
    ),
)
