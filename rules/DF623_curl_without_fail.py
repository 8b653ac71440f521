"""DF623: curl saves the server's error page as the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.cache.cleanup import add_option
from dockerlint.lint.analysis.integrity_checks import is_checked
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts

FAIL = (
    "-f",
    "--fail",
    "--fail-with-body",
    "--fail-early",
    "-I",
    "--head",
    "-w",
    "--write-out",
    "-X",
    "--request",
    "-d",
    "--data",
)


@rule(name="curl-without-fail", severity=Severity.INFO, recommended=False, needs=("curl",))
def curl_without_fail(facts: Facts) -> Iterator[Finding]:
    """curl saves the server's error page as the file.

    Without `-f` curl succeeds whatever the server answers. The error page is saved, unpacked or run instead of the file, and
    the build goes on.

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN curl -sSLo /usr/local/bin/tool https://example.com/tool
    ```

    ```dockerfile fixed
    FROM debian:bookworm-slim
    RUN curl -f -sSLo /usr/local/bin/tool https://example.com/tool
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    RUN curl -fsSLo /usr/local/bin/tool https://example.com/tool
    ```

    **Fix safety:** always unsafe: a build that went on with an error page now fails.

    **Source:** the manual page of curl, `--fail`.
    """
    for run in facts.every(nodes.Run):
        if is_checked(facts, run) or ".curlrc" in facts.doc.text:
            continue
        for found in facts.downloads(run):
            if (
                found.tool != "curl"
                or found.has(*FAIL)
                or found.command.sometimes
                or "negation" in found.command.within
            ):
                continue
            name = next(word for word in found.command.words if word.text.rsplit("/", 1)[-1] == "curl")
            fix = Fix("add `-f`", (add_option(run, name, "-f"),), Applicability.UNSAFE)
            yield Finding(
                found.command.span, "`curl` without `-f` saves the server's error page as the file", fix
            )
