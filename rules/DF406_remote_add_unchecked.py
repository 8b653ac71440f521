"""DF406: a download is not checked against a digest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.analysis.copy_sources import GIT, URL
from dockerlint.lint.analysis.downloads import file_name
from dockerlint.lint.analysis.integrity_checks import is_artefact, is_checked
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Run

LONGEST_NAME = 60


@rule(name="remote-add-unchecked", severity=Severity.INFO, needs=("http",))
def remote_add_unchecked(facts: Facts) -> Iterator[Finding]:
    """A download is not checked against a digest.

    The server may send another file tomorrow, and the build uses it. `ADD --checksum` fails when the file differs, and keeps it
    in the cache otherwise. Downloads in scripts are reported only with all rules.

    ```dockerfile bad
    FROM debian:bookworm-slim
    ADD https://example.com/tool-1.2.tar.gz /opt/
    ```

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN curl -fsSLO https://example.com/tool-1.2.tar.gz && tar -xzf tool-1.2.tar.gz
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    ADD --checksum=sha256:b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c https://example.com/tool-1.2.tar.gz /opt/
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    COPY tool.sha256 .
    RUN curl -fsSLO https://example.com/tool-1.2.tar.gz && sha256sum -c tool.sha256 && tar -xzf tool-1.2.tar.gz
    ```

    **Source:** the Dockerfile reference, `ADD --checksum`; CIS Docker Benchmark 4.11.
    """
    for add in facts.every(nodes.Add):
        for word in add.paths:
            if URL.match(word.text) and not GIT.match(word.text) and not add.flag("checksum"):
                yield Finding(
                    word.span,
                    f"`ADD` does not check what {_short(word.text)} returns: add `--checksum=sha256:...`",
                )
    if facts.quiet:
        return
    runs = list(facts.every(nodes.Run))
    # what one RUN fetches a later one may check
    last = max((run.span.start for run in runs if is_checked(facts, run)), default=-1)
    for run in runs:
        if run.span.start > last:
            yield from _fetched(facts, run)


def _fetched(facts: Facts, run: Run) -> Iterator[Finding]:
    for found in facts.downloads(run):
        url = found.urls[0]
        name = file_name(facts.expand(url.text, run) or url.text)
        if not is_artefact(found, name):
            continue
        yield Finding(
            url.span, f"`{found.tool}` downloads {_short(name or url.text)}, and nothing checks its digest"
        )


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_NAME else text[: LONGEST_NAME - 3] + "..."
