"""DF411: a program or an archive is downloaded over plain HTTP or FTP without a check."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dockerlint.fixers.edits import insert
from dockerlint.fixers.refusal import Refusal, answered
from dockerlint.lint.analysis.downloads import file_name
from dockerlint.lint.analysis.integrity_checks import is_artefact, is_checked
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Instruction, Word

CLEAR = regex(r"[\"']?(?:http|ftp)://(?P<host>[^/:\s\"']+)", re.IGNORECASE)
# Hosts that are at home, or whose name the build decides.
NEAR = regex(
    r"localhost|127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|\[|.*\$|[^.]+\Z|.*\.(?:local|internal|lan|svc)\Z",
    re.IGNORECASE,
)


@rule(name="clear-text-download", severity=Severity.WARNING, needs=("http", "ftp"))
def clear_text_download(facts: Facts) -> Iterator[Finding]:
    """A program or an archive is downloaded over plain HTTP or FTP without a check.

    Anyone on the network path can replace the file, and the build runs it.

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN wget http://example.com/tool-1.2.tar.gz
    ```

    ```dockerfile fixed
    FROM debian:bookworm-slim
    RUN wget https://example.com/tool-1.2.tar.gz
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    RUN wget http://example.com/tool-1.2.tar.gz \\
        && echo "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c  tool-1.2.tar.gz" | sha256sum -c -
    ```

    **Fix safety:** always unsafe: the server may not speak HTTPS.

    **Source:** the manual pages of curl and wget; SonarQube S5332.
    """
    for add in facts.every(nodes.Add):
        for word in add.paths:
            if not add.flag("checksum"):
                yield from _check(facts, add, word)
    for run in facts.every(nodes.Run):
        if is_checked(facts, run):
            continue
        for found in facts.downloads(run):
            for word in found.urls:
                if is_artefact(found, file_name(facts.expand(word.text, run) or word.text)):
                    yield from _check(facts, run, word)


def _check(facts: Facts, node: Instruction, word: Word) -> Iterator[Finding]:
    source = facts.doc.source(word.span)
    match = CLEAR.match((facts.expand(word.text, node) if word.text.startswith("$") else None) or source)
    if match is None or NEAR.match(match["host"]):
        return
    fix: Fix | Refusal = Refusal("the address comes from a variable: write https where it is set")
    at = source.find("http:")
    if at >= 0:
        fix = Fix("use https", (insert(word.span.start + at + len("http"), "s"),), Applicability.UNSAFE)
    message = f"{match['host']} sends this over plain HTTP, and nothing checks the content"
    yield answered(word.span, message, fix)
