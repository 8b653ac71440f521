"""DL3047: wget prints its progress bar into the build log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.cache.cleanup import add_option
from dockerlint.fixers.refusal import Refusal, answered
from dockerlint.lint.analysis.program_calls import calls
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.analysis.program_calls import Call
    from dockerlint.lint.syntax.nodes import Run

OPTION = "--progress=dot:giga"
SILENT = ("--progress", "--quiet", "--no-verbose", "--output-file", "--append-output")
# ... and, of ours, those with which nothing is drawn either
SILENT_TOO = ("--background", "--help", "--version", "--spider")
LETTERS = frozenset("qoa")
LETTERS_TOO = frozenset("bhV")
# Of short options those that take what follows as their value.
VALUED = frozenset("OoaeiBtTwQPUlARDIXSn")
BUSYBOX = frozenset({"ash", "busybox"})


@rule(name="wget-progress-bar", severity=Severity.INFO, recommended=False, needs=("wget",))
def wget_progress_bar(facts: Facts) -> Iterator[Finding]:
    """wget prints its progress bar into the build log.

    Without a terminal the bar becomes a line for every 50 KB: thousands of lines for a big file. `--progress=dot:giga`
    writes one for every 32 MB, `--no-verbose` one at the end.

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN wget https://example.org/big.tar.gz
    ```

    ```dockerfile fixed
    FROM debian:bookworm-slim
    RUN wget --progress=dot:giga https://example.org/big.tar.gz
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    RUN wget --no-verbose https://example.org/big.tar.gz
    ```

    **Fix safety:** safe: the same files are fetched. Unsafe on a base image that is not known, for it may have BusyBox's
    wget, which does not know the option; there is no fix where that is so.

    **Source:** hadolint DL3047; GNU wget's manual, download options.
    """
    for run in facts.every(nodes.Run):
        found = [call for call in calls(facts, run, "wget") if _draws(call, facts)]
        if found:
            message = "`wget` prints its progress bar into the build log"
            yield answered(found[0].command.span, message, _fix(facts, run, found))


def _draws(call: Call, facts: Facts) -> bool:
    long = SILENT if facts.as_hadolint else SILENT + SILENT_TOO
    letters = LETTERS if facts.as_hadolint else LETTERS | LETTERS_TOO
    for text in call.texts:
        if text.startswith("--"):
            if text.partition("=")[0] in long:
                return False
        elif text.startswith("-"):
            if text == "-nv" or letters.intersection(text[1:] if facts.as_hadolint else _switches(text)):
                return False
            if not facts.as_hadolint and text.startswith("-nv"):
                return False
    return facts.as_hadolint or not _is_thrown_away(call, facts)


def _switches(text: str) -> str:
    """The letters of a bundle up to the first that takes the rest as its value, that one included."""
    for at, char in enumerate(text[1:], start=2):
        if char in VALUED:
            return text[1:at]
    return text[1:]


def _is_thrown_away(call: Call, facts: Facts) -> bool:
    """Whether what it says goes into a file: `2>/dev/null`, `&>log`."""
    redirects = (facts.doc.source(item.span) for item in call.command.redirects if item.target is not None)
    return any(text.startswith(("2>", "&>")) for text in redirects)


def _fix(facts: Facts, run: Run, found: list[Call]) -> Fix | Refusal:
    base = facts.base_of(run)
    if base is not None and base.shell in BUSYBOX:
        return Refusal(f"busybox's wget does not know `{OPTION}`: write `-q`, or install wget")
    known = base is not None and base.package_manager is not None
    edits = tuple(add_option(run, call.words[0], OPTION) for call in found)
    return Fix(f"add `{OPTION}`", edits, Applicability.SAFE if known else Applicability.UNSAFE)
