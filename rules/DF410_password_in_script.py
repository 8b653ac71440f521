"""DF410: a RUN sets a password that everyone who has the image can read."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from dockerlint.lint.catalogue.tool import unwrapped
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.shell.script import Command
    from dockerlint.lint.syntax.nodes import Run

SPEAKERS = frozenset({"echo", "printf"})
SETTERS = frozenset({"chpasswd", "passwd"})
ACCOUNTS = frozenset({"useradd", "usermod"})
# What stands for no password: `*` and `!` lock the account.
LOCKED = regex(r"[*!]+\Z")


@rule(name="password-in-script", severity=Severity.WARNING, needs=("passwd", "useradd", "usermod"))
def password_in_script(facts: Facts) -> Iterator[Finding]:
    """A RUN sets a password that everyone who has the image can read.

    The script of a RUN is part of the image's history, and every container of the image has the same password. Whoever can
    start a container needs no password; for a login over the network, mount keys at run time.

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN echo "root:hunter2" | chpasswd
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    RUN --mount=type=secret,id=passwords chpasswd < /run/secrets/passwords
    ```

    **Source:** CIS Docker Benchmark 4.10; Checkov CKV2_DOCKER_17.
    """
    for run in facts.every(nodes.Run):
        commands = facts.commands(run)
        for index, command in enumerate(commands):
            words = unwrapped(command.words)
            name = words[0].text.rsplit("/", 1)[-1] if words else ""
            told = name in SETTERS and _is_told(facts, run, command, commands[:index])
            if told or (name in ACCOUNTS and _has_password(words)):
                yield Finding(
                    command.span,
                    f"the password for `{name}` stays in the image's history: use a secret mount",
                )


def _is_told(facts: Facts, run: Run, command: Command, before: tuple[Command, ...]) -> bool:
    """Whether a command reads what the script itself says: from echo, from a here-document."""
    if command.before in ("|", "|&"):
        speaker = before[-1] if before else None
        return speaker is not None and speaker.name in SPEAKERS and "/run/secrets" not in facts.doc.source(speaker.span)
    inputs = [item for item in command.redirects if item.operator.startswith("<<")]
    return bool(inputs) and "/run/secrets" not in facts.doc.source(run.span)


def _has_password(words: tuple[nodes.Word, ...]) -> bool:
    for word, value in pairwise(words):
        if word.text in ("-p", "--password"):
            return not LOCKED.match(value.text) and value.text != "" and "/run/secrets" not in value.text
    return False
