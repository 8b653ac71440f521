"""DL4006: a failure in a pipe goes unnoticed."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from dockerlint.fixers.edits import insert_lines, with_comments
from dockerlint.fixers.refusal import Answer, Carried, Refusal, answered
from dockerlint.lint.analysis.build_state import DEFAULT_SHELL
from dockerlint.lint.analysis.pipes import missed, pipes
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.shell.script import is_shell
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.base_images import BaseImage
    from dockerlint.lint.shell.script import Command
    from dockerlint.lint.syntax.nodes import Run

# Shells that know the option; hadolint 2.15.1 takes the first three for such, in /bin or without a path (measured).
KNOWING = frozenset({"bash", "zsh", "ash", "ksh", "mksh"})
HADOLINTS = frozenset({"/bin/bash", "/bin/zsh", "/bin/ash", "bash", "zsh", "ash"})
# Older releases of Alpine keep the finding, as a case of hadolint has it (3.6). Assumed, not tried on each release.
KNOWN_FROM = [3, 11]
# What /bin/sh is where it is busybox: its shell knows the option, but who uses these images rarely has it in mind.
BUSYBOX = frozenset({"ash", "busybox"})
# The shell with the option, by the distribution of the base image. Source: the official images' contents; Alpine has no bash.
BASH = '["/bin/bash", "-o", "pipefail", "-c"]'
DISTRIBUTIONS_WITH_BASH = ("debian", "ubuntu", "fedora", "centos", "amazon", "oracle", "rhel", "opensuse")
SHELLS = dict.fromkeys(DISTRIBUTIONS_WITH_BASH, BASH) | {"alpine": '["/bin/ash", "-eo", "pipefail", "-c"]'}


@rule(name="no-pipefail", severity=Severity.WARNING, needs=("|",))
def no_pipefail(facts: Facts) -> Iterator[Finding]:
    """A failure in a pipe goes unnoticed.

    When the download before the `|` fails, the build goes on with half a file, or none. With `pipefail` it stops. By
    default dlint says this only where a failure would be missed: not on Alpine and busybox, not before a filter that only
    prints (`| grep`, `| awk`, `| sort`), not before a command that fails on incomplete input itself (`| tar -xz`,
    `| sha256sum -c`, `| gpg --import`), and not behind `echo` or commands that only look at what is there.

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN curl -sSL https://example.org/hosts.txt | tee /etc/app/hosts
    ```

    ```dockerfile fixed
    FROM debian:bookworm-slim
    SHELL ["/bin/bash", "-o", "pipefail", "-c"]
    RUN curl -sSL https://example.org/hosts.txt | tee /etc/app/hosts
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    SHELL ["/bin/bash", "-o", "pipefail", "-c"]
    RUN curl -sSL https://example.org/hosts.txt | tee /etc/app/hosts
    ```

    ```dockerfile good
    FROM fedora:40
    RUN set -o pipefail && curl -sSL https://example.org/hosts.txt | tee /etc/app/hosts
    ```

    **Fix safety:** always unsafe: the new shell also runs a CMD or ENTRYPOINT in shell form, and a pipe whose failure did not
    matter now stops the build.

    **Source:** hadolint DL4006.
    """
    mended: dict[int, int] = {}
    for run in facts.every(nodes.Run, triggers=not facts.as_hadolint):
        if _is_set(facts, run):
            continue
        found = next(_pipes(facts, run), None)
        if found is not None:
            source, following = found
            failure = "a failure" if source is following else f"a failure of `{source.name}`"
            message = f"{failure} before `| {following.name}` goes unnoticed: the shell runs without pipefail"
            yield answered(following.span, message, _fix(facts, run, following, mended))


def _fix(facts: Facts, run: Run, pipe: Command, mended: dict[int, int]) -> Answer:
    """A SHELL above the first such RUN of a stage: it holds for the others of the stage too."""
    doc, base = facts.doc, facts.base_of(run)
    if facts.state(run).shell != DEFAULT_SHELL:
        return Refusal("SHELL names a shell of its own: add `-o pipefail` there, if the shell knows it")
    shell = SHELLS.get(base.distribution or "") if base else None
    if shell is None:
        return Refusal("which shells the base image has is not known: `set -o pipefail` needs bash")
    index = facts.stage_of(run).index
    if index in mended:
        return Carried(mended[index])
    mended[index] = doc.line(pipe.span.start)
    edit = insert_lines(doc, with_comments(doc, run).start, [f"SHELL {shell}"])
    return Fix("run in a shell with `pipefail`", (edit,), Applicability.UNSAFE)


def _pipes(facts: Facts, run: Run) -> Iterator[tuple[Command, Command]]:
    """Commands for which the option is not set before, each with the next one of its pipe: those whose failure matters."""
    commands = facts.commands(run)
    setting = (item for item in commands if item.name == "set" and _names_option([word.text for word in item.words]))
    end = None if facts.as_hadolint else next(setting, None)
    for pipe in pipes(commands[: commands.index(end)] if end else commands):
        source = missed(pipe) if facts.quiet else pipe[0]
        if source is not None:
            yield source, next(iter(pipe[pipe.index(source) + 1 :]), source)


def _is_set(facts: Facts, run: Run) -> bool:
    """Whether the shell has the option, or is none that could have it."""
    shell = _shell(facts, run)
    if not is_shell(shell[0]):
        return True
    if facts.quiet and shell == DEFAULT_SHELL and _is_busybox(facts, run):
        return True
    return _knows(facts, run, shell[0]) and _names_option(shell)


def _knows(facts: Facts, run: Run, path: str) -> bool:
    """Whether a shell knows the option; of a /bin/sh that does not DF645 tells."""
    if facts.as_hadolint:
        return path in HADOLINTS
    name = path.rsplit("/", 1)[-1]
    return facts.quiet or name in KNOWING or (name == "sh" and _sh_knows(facts.base_of(run)))


def _sh_knows(base: BaseImage | None) -> bool:
    """Whether the /bin/sh of an image is taken to know the option; of older releases of Alpine that was not looked at."""
    if base is None or base.shell in (None, "none", "cmd"):
        return False
    if base.distribution != "alpine" or base.release is None:
        return True
    numbers = [int(part) for part in base.release.split(".")[:2] if part.isdecimal()]
    return not numbers or numbers >= KNOWN_FROM


def _shell(facts: Facts, run: Run) -> tuple[str, ...]:
    """The RUN's shell; as hadolint sees it, each stage starts with the default one."""
    if facts.as_hadolint:
        above = (item for item in reversed(facts.doc.instructions) if item.span.start < run.span.start)
        last = next((item for item in above if isinstance(item, nodes.From | nodes.ShellChange)), None)
        if not isinstance(last, nodes.ShellChange):
            return DEFAULT_SHELL
    return facts.state(run).shell


def _names_option(words: list[str] | tuple[str, ...]) -> bool:
    """Whether the option is among a shell's or a `set`'s: `-o pipefail`, `-eo pipefail`."""
    text = " ".join(words).split()
    return any(flag.startswith("-") and flag.endswith("o") and name == "pipefail" for flag, name in pairwise(text))


def _is_busybox(facts: Facts, run: Run) -> bool:
    base = facts.base_of(run)
    return base is not None and base.shell in BUSYBOX
