"""DL3046: useradd writes huge login records for a high user id."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from dockerlint.fixers.cache.cleanup import add_option
from dockerlint.lint.analysis.program_calls import calls
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.analysis.program_calls import Call
    from dockerlint.lint.syntax.nodes import Run

# Each user has a record of some 300 bytes at a place that the id decides.
HIGHEST = 99_999
LONGEST = 5


@rule(name="sparse-login-records", severity=Severity.WARNING, needs=("useradd",))
def sparse_login_records(facts: Facts) -> Iterator[Finding]:
    """useradd writes huge login records for a high user id.

    lastlog and faillog are tables with a row for each id. For a high one they get long, mostly holes; the layer's archive
    keeps no holes, so that the image grows by megabytes to gigabytes. `--no-log-init` leaves the tables alone.

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN useradd -m -u 1000910000 app
    ```

    ```dockerfile fixed
    FROM debian:bookworm-slim
    RUN useradd -l -m -u 1000910000 app
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    RUN useradd -m -u 1001 app
    ```

    **Fix safety:** safe: the tables say when a user logged in, and this one never did.

    **Source:** hadolint DL3046; useradd(8), `--no-log-init`.
    """
    for run in facts.every(nodes.Run):
        found = [call for call in calls(facts, run, "useradd") if _writes_much(call, run, facts)]
        if found and facts.in_image(run):
            uid = found[0].value("--uid", "u") or ""
            edits = tuple(add_option(run, call.words[0], "-l") for call in found)
            message = f"`useradd` writes huge login records for user id {uid}: add `-l`"
            yield Finding(found[0].command.span, message, Fix("add `-l`", edits, Applicability.SAFE))


def _writes_much(call: Call, run: Run, facts: Facts) -> bool:
    if any(text == "--no-log-init" or (text[:1] == "-" != text[1:2] and "l" in _switches(text)) for text in call.texts):
        return False
    if facts.as_hadolint:
        return _is_long(call)
    uid = facts.expand(call.value("--uid", "u") or "", run)
    return uid is not None and uid.isdecimal() and int(uid) > HIGHEST


def _switches(text: str) -> str:
    """The letters of a bundle of switches; behind `-u` comes its value."""
    return text[1:].partition("u")[0] if text[-1:].isdecimal() else text[1:]


def _is_long(call: Call) -> bool:
    """What hadolint 2.15.1 takes for a high id: any value of `-u` with more than five characters (measured)."""
    texts = call.texts
    for text, value in pairwise(texts):
        if text[:1] == "-" != text[1:2] and text.endswith("u") and not value.startswith("-"):
            # a variable is read as ${NAME}
            length = len(value) + (2 if value.startswith("$") and not value.startswith("${") else 0)
            return length > LONGEST
    return False
