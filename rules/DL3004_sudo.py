"""DL3004: a RUN calls sudo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.refusal import Refusal, answered
from dockerlint.lint.analysis.facts import TRANSPARENT
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.span import Edit, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.shell.script import Command
    from dockerlint.lint.syntax.nodes import Run, Word

SUDO = "sudo"
ROOT = frozenset({"root", "0"})


@rule(name="sudo", severity=Severity.WARNING, hadolint_severity=Severity.ERROR, needs=("sudo",))
def sudo(facts: Facts) -> Iterator[Finding]:
    """A RUN calls sudo.

    Steps run as root unless USER says otherwise, so sudo is not needed; and an attacker in the container can use it too. To
    become root for a step, put `USER root` before it. By default dlint reports only sudo in steps that run as root: elsewhere,
    such as on base images with another user, it is needed.

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN apt-get update && sudo apt-get install -y curl
    ```

    ```dockerfile fixed
    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y curl
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y sudo
    ```

    **Fix safety:** unsafe, for sudo starts its command with few of the variables. There is a fix only where the step
    runs as root and sudo has no options.

    **Source:** hadolint DL3004; Docker's guide on best practices, USER.
    """
    for run in facts.every(nodes.Run):
        calls = [call for command in facts.commands(run) if (call := _sudo(command, facts))]
        if calls and (not facts.quiet or (facts.state(run).user in ROOT and not any(map(_changes_user, calls)))):
            yield answered(calls[0][0].span, _message(facts, run), _fix(facts, run, calls))


def _sudo(command: Command, facts: Facts) -> tuple[Word, ...]:
    """The words of a command from `sudo` on, also behind a builtin such as `exec`; none when it is not called."""
    for index, word in enumerate(command.words):
        name = word.text if facts.as_hadolint else word.text.rsplit("/", 1)[-1]
        if name == SUDO:
            return command.words[index:]
        if name not in TRANSPARENT:
            break
    return ()


def _changes_user(call: tuple[Word, ...]) -> bool:
    """Whether sudo becomes another user than root."""
    return any(word.text.startswith(("-u", "--user", "-g", "--group", "-i")) for word in call[1:])


def _message(facts: Facts, run: Run) -> str:
    if facts.state(run).user in ROOT:
        return "`sudo` is not needed: this RUN runs as root"
    return "use `USER root` instead of `sudo`"


def _fix(facts: Facts, run: Run, calls: list[tuple[Word, ...]]) -> Fix | Refusal:
    if facts.state(run).user not in ROOT:
        return Refusal("the step may not run as root: put `USER root` above it and the former USER below")
    if isinstance(run.form, nodes.Exec):
        return Refusal("the RUN is a JSON list: take `sudo` out of it by hand")
    edits = []
    for word, *following in calls:
        if not following or following[0].text.startswith("-") or "=" in following[0].text:
            return Refusal("sudo has options here: put a USER above the step instead")
        edits.append(Edit(Span(word.span.start, following[0].span.start), ""))
    return Fix("remove `sudo`", tuple(edits), Applicability.UNSAFE)
