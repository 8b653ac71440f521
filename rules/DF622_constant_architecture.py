"""DF622: a download is for one architecture, whatever the image is built for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile

ARCHITECTURE = regex(
    r"(?<![a-z0-9])(?:amd64|x86[_-]64|x64|arm64|aarch64|armv[67]\w*|armhf|i[36]86|linux64)(?![a-z0-9])", re.IGNORECASE
)
DECIDES = regex(
    r"TARGETARCH|TARGETPLATFORM|\buname\s+-\w*m|dpkg\s+--print|\barch\b|apk\s+--print-arch|rpm\s+-E|\bcase\b"
)


@rule(name="constant-architecture", severity=Severity.INFO, recommended=False)
def constant_architecture(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A download is for one architecture, whatever the image is built for.

    On the other one the build succeeds, and the program does not start. BuildKit gives each stage the target's name in TARGETARCH.

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN curl -fsSLo /usr/local/bin/tool https://example.com/tool-1.2-linux-amd64
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    ARG TARGETARCH
    RUN curl -fsSLo /usr/local/bin/tool https://example.com/tool-1.2-linux-$TARGETARCH
    ```

    **Source:** the Dockerfile reference, "Automatic platform ARGs".
    """
    for stage in doc.stages:
        if stage.from_.flag("platform") or ARCHITECTURE.search(stage.from_.image.text):
            continue
        for run in stage.all(nodes.Run):
            # a script that looks at the machine knows what it does
            if DECIDES.search(doc.source(run.span)):
                continue
            for found in facts.downloads(run):
                match = ARCHITECTURE.search(found.urls[0].text)
                if match:
                    yield Finding(
                        found.urls[0].span,
                        f"this downloads {match[0]} for every platform: use `$TARGETARCH`",
                    )
        for add in stage.all(nodes.Add):
            for word in add.paths:
                match = ARCHITECTURE.search(word.text) if "://" in word.text else None
                if match:
                    yield Finding(
                        word.span, f"this downloads {match[0]} for every platform: use `$TARGETARCH`"
                    )
