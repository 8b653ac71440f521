"""DL3027: a script calls apt instead of apt-get."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.edits import insert, replace_word
from dockerlint.fixers.refusal import Refusal, answered
from dockerlint.lint.analysis.program_calls import calls
from dockerlint.lint.catalogue.tool import invocation
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.analysis.program_calls import Call
    from dockerlint.lint.syntax.span import Edit

# What apt-get does in the same way. Sources: apt(8), apt-get(8).
SHARED = frozenset(
    {"install", "update", "upgrade", "remove", "purge", "autoremove", "clean", "autoclean", "source", "build-dep"}
)
# apt's upgrade installs packages that became needed, apt-get's does when it is told to.
ADDITIONS = {"upgrade": "--with-new-pkgs"}


@rule(name="apt-in-script", severity=Severity.WARNING, recommended=False, needs=("apt",))
def apt_in_script(facts: Facts) -> Iterator[Finding]:
    """A script calls apt instead of apt-get.

    apt is for people at a terminal: it warns that its command line is not stable. Scripts use apt-get and apt-cache.

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN apt update && apt install -y curl && rm -rf /var/lib/apt/lists/*
    ```

    ```dockerfile fixed
    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*
    ```

    **Fix safety:** safe: there is one only for what apt-get does in the same way.

    **Source:** hadolint DL3027; apt(8), "Script usage and differences from other apt tools".
    """
    for run in facts.every(nodes.Run):
        found = list(calls(facts, run, "apt"))
        if found:
            edits = tuple(edit for call in found for edit in _edits(call, json=isinstance(run.form, nodes.Exec)))
            fix: Fix | Refusal = Refusal("apt-get has no command for this: `apt-cache` or `dpkg-query` may")
            if edits:
                fix = Fix("use `apt-get`", edits, Applicability.SAFE)
            yield answered(found[0].words[0].span, "`apt` is for terminals: use `apt-get` in scripts", fix)


def _edits(call: Call, *, json: bool) -> list[Edit]:
    item = invocation(call.command)
    if item is None or item.subcommand not in SHARED or call.words[0].text != "apt":
        return []
    if json:
        return [] if item.subcommand in ADDITIONS else [replace_word(call.words[0], '"apt-get"')]
    edits = [replace_word(call.words[0], "apt-get")]
    if addition := ADDITIONS.get(item.subcommand):
        edits.append(insert(item.subcommand_words[-1].span.end, f" {addition}"))
    return edits
