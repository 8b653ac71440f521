"""DL4000: MAINTAINER is deprecated."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dockerlint.fixers.refusal import Refusal, answered
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.span import Edit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile, Maintainer

# Source: OCI image specification, annotations.
LABEL = "org.opencontainers.image.authors"


@rule(name="maintainer", severity=Severity.INFO, hadolint_severity=Severity.ERROR, aliases=("MaintainerDeprecated",), needs=("maintainer",))
def maintainer(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """MAINTAINER is deprecated.

    It has been since 2017. A label says the same where all tools look for it.

    ```dockerfile bad
    FROM debian:bookworm-slim
    MAINTAINER Anna "the" Author <anna@example.com>
    ```

    ```dockerfile fixed
    FROM debian:bookworm-slim
    LABEL org.opencontainers.image.authors="Anna \\"the\\" Author <anna@example.com>"
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    LABEL org.opencontainers.image.authors="Anna Author <anna@example.com>"
    ```

    **Fix safety:** safe: the name moves from one entry of the image's metadata to another, and nothing else changes.

    **Source:** hadolint DL4000; BuildKit's check MaintainerDeprecated; the OCI image specification, annotations.
    """
    for node in facts.every(nodes.Maintainer, triggers=not facts.as_hadolint):
        yield answered(node.span, "`MAINTAINER` is deprecated: use a LABEL", _fix(doc, node))


def _fix(doc: Dockerfile, node: Maintainer) -> Fix | Refusal:
    if node in doc.preamble:
        return Refusal("there is no stage yet that a label could belong to: delete it")
    if any(node.span.contains(comment.span) for comment in doc.comments):
        return Refusal("a comment stands in it: write the label by hand")
    name = node.argument.text.strip()
    if len(name) > 1 and name[0] == name[-1] and name[0] in "\"'" and name[0] not in name[1:-1]:
        name = name[1:-1].strip()
    keyword = "label" if node.keyword.text.islower() else "LABEL"
    quoted = re.sub(r"[\"$" + re.escape(doc.escape) + "]", lambda match: doc.escape + match[0], name)
    return Fix("use a LABEL", (Edit(node.span, f'{keyword} {LABEL}="{quoted}"'),), Applicability.SAFE)
