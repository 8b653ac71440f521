"""DF403: a download is piped into a shell or another interpreter."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from dockerlint.lint.analysis.downloads import download, fetchers
from dockerlint.lint.catalogue import tables
from dockerlint.lint.catalogue.name_patterns import matches_any
from dockerlint.lint.catalogue.tool import unwrapped
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.shell.script import Command

# `eval` and `.` run what their words say, and so do shells told to by an option.
EVALUATORS = frozenset({"eval", "source", "."})
STANDARD_INPUT = ("-", "/dev/stdin", "/proc/self/fd/0")


@rule(name="pipe-to-shell", severity=Severity.WARNING, needs=tuple(fetchers()))
def pipe_to_shell(facts: Facts) -> Iterator[Finding]:
    """A download is piped into a shell or another interpreter.

    The build runs whatever the server sends today, and two builds may get different scripts. A broken connection leaves a
    script half run. Download it to a file and check its digest before you run it.

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN curl -fsSL https://example.com/install.sh | sh
    ```

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN bash -c "$(wget -qO- https://example.com/install.sh)"
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    RUN curl -fsSLo install.sh https://example.com/install.sh \\
        && echo "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c  install.sh" | sha256sum -c - \\
        && sh install.sh
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    RUN curl -fsSL https://example.com/releases.json | python3 -c "import json, sys; print(json.load(sys.stdin)[0])"
    ```

    **Source:** CIS Docker Benchmark 4.11; the manual pages of the interpreters.
    """
    for run in facts.every(nodes.Run):
        yield from _piped(facts.commands(run))
        for command in facts.commands(run):
            yield from _substituted(facts, command)


def _piped(commands: tuple[Command, ...]) -> Iterator[Finding]:
    source: Command | None = None
    for command in commands:
        if command.before not in ("|", "|&"):
            source = command if download(command) else None
            continue
        name = _runs_input(command) if source else None
        if source and name:
            yield Finding(
                command.span,
                f"`{name}` runs what `{source_name(source)}` downloads without a check: verify its digest first",
            )
            source = None


def source_name(command: Command) -> str:
    """The name of the command that fetches."""
    found = download(command)
    return found.tool if found else command.name


def _runs_input(command: Command) -> str | None:
    """The interpreter that runs what it reads from the pipe; None where the program comes from its command line."""
    words = unwrapped(command.words)
    name = words[0].text.rsplit("/", 1)[-1] if words else ""
    known = next((item for item in _interpreters() if matches_any(name, item["names"])), None)
    if known is None:
        return None
    for word in words[1:]:
        if word.text in known["stdin"] or word.text in STANDARD_INPUT or word.text == "--":
            return name
        if matches_any(word.text, known["text"]):
            return None
        # `bash -ec`: the letters of one word
        if name in known["names"] and "-c" in known["text"] and re.fullmatch(r"-[a-z]*c", word.text):
            return None
        if not word.text.startswith(("-", "+")):
            return None
    return name


def _substituted(facts: Facts, command: Command) -> Iterator[Finding]:
    """`sh -c "$(curl ...)"`, `eval "$(curl ...)"`, `bash <(curl ...)`."""
    words = unwrapped(command.words)
    name = words[0].text.rsplit("/", 1)[-1] if words else ""
    shells = next(item["names"] for item in _interpreters() if "sh" in item["names"])
    if name not in shells and name not in EVALUATORS:
        return
    for word in words[1:]:
        found = _fetch().match(facts.doc.source(word.span).lstrip("\"'"))
        if found:
            yield Finding(
                command.span, f"`{name}` runs what `{found[1]}` downloads without a check: verify its digest first"
            )
            return


@cache
def _fetch() -> re.Pattern[str]:
    names = "|".join(map(re.escape, fetchers()))
    return re.compile(rf"(?:\$\(|<\(|`)\s*(?:\\\n\s*)?({names})\s")


@cache
def _interpreters() -> tuple[dict[str, Any], ...]:
    return tuple(tables.table("lint/catalogue/data/interpreters.toml").values())
