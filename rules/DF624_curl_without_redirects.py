"""DF624: curl saves a redirect's empty answer, and not the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.cache.cleanup import add_option
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts

# Addresses that are known to be answered by a redirect.
REDIRECTING = (
    "//github.com/",
    "//downloads.sourceforge.net/",
    "//sourceforge.net/projects/",
    "//bit.ly/",
    "//aka.ms/",
    "//git.io/",
)


@rule(name="curl-without-redirects", severity=Severity.INFO, needs=("curl",))
def curl_without_redirects(facts: Facts) -> Iterator[Finding]:
    """curl saves a redirect's empty answer, and not the file.

    Release pages redirect to another server. Without `-L` curl saves the redirect instead of the file.

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN curl -fsSO https://github.com/example/tool/releases/download/v1.2.0/tool.tar.gz
    ```

    ```dockerfile fixed
    FROM debian:bookworm-slim
    RUN curl -L -fsSO https://github.com/example/tool/releases/download/v1.2.0/tool.tar.gz
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    RUN curl -fsSLO https://github.com/example/tool/releases/download/v1.2.0/tool.tar.gz
    ```

    **Fix safety:** always unsafe: the file may be another one than so far.

    **Source:** the manual page of curl, `--location`; GitHub's documentation on release assets.
    """
    for run in facts.every(nodes.Run):
        for found in facts.downloads(run):
            if found.tool != "curl" or found.has("-L", "--location", "--location-trusted", "-I", "--head"):
                continue
            if not any(host in found.urls[0].text for host in REDIRECTING) or ".curlrc" in facts.doc.text:
                continue
            name = next(word for word in found.command.words if word.text.rsplit("/", 1)[-1] == "curl")
            fix = Fix("add `-L`", (add_option(run, name, "-L"),), Applicability.UNSAFE)
            yield Finding(
                found.urls[0].span,
                "this URL redirects, and `curl` without `-L` does not follow",
                fix,
            )
