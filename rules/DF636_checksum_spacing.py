"""DF636: a checksum line has one space between digest and file name; busybox needs two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.edits import insert
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile

SUMS = regex(r"(?:md5|sha1|sha224|sha256|sha384|sha512)sum")
LINE = regex(r"(?:[0-9a-f]{32,128}|\$\{?\w+\}?)( )(?![ *])\S")


@rule(name="checksum-spacing", severity=Severity.WARNING, needs=("sum",))
def checksum_spacing(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A checksum line has one space between digest and file name; busybox needs two.

    The second one says how the file is read. busybox, and with it Alpine, takes no line without it, and the check fails.

    ```dockerfile bad
    FROM alpine:3.20
    COPY tool.tar.gz .
    RUN echo "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c tool.tar.gz" | sha256sum -c -
    ```

    ```dockerfile fixed
    FROM alpine:3.20
    COPY tool.tar.gz .
    RUN echo "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c  tool.tar.gz" | sha256sum -c -
    ```

    ```dockerfile good
    FROM alpine:3.20
    COPY tool.tar.gz .
    RUN echo "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c *tool.tar.gz" | sha256sum -c -
    ```

    **Fix safety:** safe where the check's failure ends the build; unsafe where the script goes on without it.

    **Source:** the manual of coreutils, "cksum common options"; busybox, sha256sum.
    """
    for run in facts.every(nodes.Run):
        commands = facts.commands(run)
        for index, command in enumerate(commands[:-1]):
            reader = commands[index + 1]
            if (
                command.name != "echo"
                or reader.before != "|"
                or not SUMS.fullmatch(reader.name)
                or not reader.arguments
            ):
                continue
            base = facts.base_of(run)
            if (
                base is None
                or base.distribution != "alpine"
                or not any(word.text in ("-c", "--check", "-cs", "-sc", "-cw") for word in reader.arguments)
            ):
                continue
            for word in command.arguments:
                match = LINE.search(doc.source(word.span))
                if match:
                    at = word.span.start + match.end(1)
                    trust = Applicability.SAFE if _stops(facts, run) else Applicability.UNSAFE
                    fix = Fix("use two spaces", (insert(at, " "),), trust)
                    yield Finding(
                        word.span,
                        f"busybox's {reader.name} expects two spaces between digest and file name",
                        fix,
                    )


def _stops(facts: Facts, run: nodes.Run) -> bool:
    """Whether a command of the RUN that fails ends it."""
    script = facts.script(run)
    return script is not None and script.chained and not script.tests
