"""DF417: curl follows redirects from HTTPS to plain HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.analysis.downloads import file_name
from dockerlint.lint.analysis.integrity_checks import is_artefact, is_checked
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts


@rule(name="redirect-to-clear-text", severity=Severity.INFO, recommended=False, needs=("curl",))
def redirect_to_clear_text(facts: Facts) -> Iterator[Finding]:
    """curl follows redirects from HTTPS to plain HTTP.

    `--proto '=https'` makes it refuse such a redirect. It matters for what is run or unpacked and not checked.

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN curl -fsSL https://example.com/tool.tar.gz | tar -xz
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    RUN curl --proto '=https' -fsSL https://example.com/tool.tar.gz | tar -xz
    ```

    **Source:** SonarQube S6506; the manual page of curl.
    """
    for run in facts.every(nodes.Run):
        if is_checked(facts, run):
            continue
        for found in facts.downloads(run):
            secure = [word for word in found.urls if word.text.startswith("https:")]
            if (
                found.tool != "curl"
                or not secure
                or not found.has("-L", "--location")
                or found.has("--proto", "--proto-redir")
            ):
                continue
            if is_artefact(found, file_name(secure[0].text)):
                yield Finding(
                    found.command.words[0].span,
                    "`curl -L` without `--proto '=https'` follows a redirect to plain HTTP",
                )
