"""DF505: a RUN writes the time or a random value into its layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts

VALUES = frozenset({"date", "uuidgen"})
FIXED = frozenset({"-d", "--date", "-r", "--reference"})


@rule(name="time-in-layer", severity=Severity.INFO, recommended=False)
def time_in_layer(facts: Facts) -> Iterator[Finding]:
    """A RUN writes the time or a random value into its layer.

    A cached RUN keeps the value of an earlier build, and a RUN that does run makes every image different. Use a label or a
    build argument at the end of the file.

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN date > /etc/build-date
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    ARG BUILD_DATE
    LABEL org.opencontainers.image.created=$BUILD_DATE
    ```

    **Source:** BuildKit's cache keys; the guide on reproducible builds, SOURCE_DATE_EPOCH.
    """
    for run in facts.every(nodes.Run):
        if not facts.in_image(run):
            continue
        commands = facts.commands(run)
        for index, command in enumerate(commands):
            name = command.name.rsplit("/", 1)[-1]
            if name not in VALUES or any(word.text in FIXED for word in command.arguments):
                continue
            around = commands[index - 1] if "substitution" in command.within and index else command
            if any(
                redirect.operator.startswith(">") and redirect.target and redirect.target.text != "/dev/null"
                for redirect in around.redirects
            ):
                yield Finding(
                    command.span,
                    f"`{name}` writes another value in every build, and an old one when the RUN is cached",
                )
