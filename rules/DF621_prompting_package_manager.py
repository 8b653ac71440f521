"""DF621: a package manager asks for confirmation, and a build cannot answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dockerlint.fixers.cache.cleanup import add_option
from dockerlint.lint.analysis.program_calls import calls
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts

# Of each program the option, and the words after which it asks; those of apt, yum, dnf and zypper have rules of their own.
_CONDA = ("-y", regex(r"install|create|update|upgrade|remove|uninstall"))
OPTIONS = {
    "pacman": ("--noconfirm", regex(r"-(?:S(?!s|i|l|g|p)[a-z]*|R[a-z]*|U[a-z]*)|--sync|--remove|--upgrade")),
    "conda": _CONDA,
    "mamba": _CONDA,
    "micromamba": _CONDA,
}
VARIABLES = ("CONDA_ALWAYS_YES", "MAMBA_ALWAYS_YES")
ASSUMED = regex(r"\byes\s*\||always_yes|ALWAYS_YES|NoConfirm")


@rule(name="prompting-package-manager", severity=Severity.WARNING, needs=tuple(OPTIONS))
def prompting_package_manager(facts: Facts) -> Iterator[Finding]:
    """A package manager asks for confirmation, and a build cannot answer.

    A build has no terminal: the step fails, or the manager takes the answer for no.

    ```dockerfile bad
    FROM archlinux:base
    RUN pacman -S git
    ```

    ```dockerfile fixed
    FROM archlinux:base
    RUN pacman -S --noconfirm git
    ```

    ```dockerfile good
    FROM archlinux:base
    RUN pacman -Syu --noconfirm git
    ```

    **Fix safety:** safe: the step could not have gone on without.

    **Source:** the manual pages of pacman and conda.
    """
    for run in facts.every(nodes.Run):
        if ASSUMED.search(facts.doc.source(run.span)) or any(name in facts.state(run).env for name in VARIABLES):
            continue
        for call in calls(facts, run, *OPTIONS):
            option, asking = OPTIONS[call.name]
            if not any(asking.fullmatch(text) for text in call.texts[:1]) or _has(call.texts, option):
                continue
            word = next(word for word in call.words[1:] if asking.fullmatch(word.text))
            fix = Fix(f"add `{option}`", (add_option(run, word, option),), Applicability.SAFE)
            yield Finding(
                call.command.span,
                f"`{call.name} {word.text}` without `{option}` asks for confirmation, and a build cannot answer",
                fix,
            )


def _has(texts: list[str], option: str) -> bool:
    short = re.compile(r"-[a-z]*y[a-z]*|--yes|-[a-z]*q[a-z]*|--quiet|--json|--dry-run") if option == "-y" else None
    return any(text == option or (short and short.fullmatch(text)) for text in texts)
