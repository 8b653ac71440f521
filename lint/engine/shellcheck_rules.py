"""A rule for each of ShellCheck's codes, made when it is needed: ShellCheck knows what there is, we only pass it on."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from dockerlint.lint.catalogue import tables
from dockerlint.lint.storage.lazy_regex import regex

from .findings import Severity
from .rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile

    from .findings import Finding

DATA = "lint/catalogue/data/shellcheck.toml"
WIKI = "https://www.shellcheck.net/wiki/"
CODE = regex(r"SC\d{4}", re.IGNORECASE)
UNKNOWN = "ShellCheck finds this in the script of a RUN."
# What is worth a word by default; the rest is advice on style that most scripts of a build can do without.
RECOMMENDED = frozenset({Severity.ERROR, Severity.WARNING})


def script_rule(code: str, severity: Severity, findings: Sequence[Finding] = ()) -> Rule:
    """The rule of a code; it finds the `findings`, which ShellCheck made of a file already."""

    def check(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
        del doc, facts
        yield from findings

    sentence = _sentences().get(code, (severity.value, UNKNOWN))[1]
    page = f"{sentence}\n\nShellCheck's page on it, with examples: {WIKI}{code}\n\n**Source:** ShellCheck {code}."
    return Rule(code, code, severity, (), severity in RECOMMENDED, check, lambda: page)


def find(query: str) -> Rule | None:
    """The rule of a code as a user writes it; None for what is no code of ShellCheck's."""
    if not CODE.fullmatch(query):
        return None
    code = query.upper()
    level, _ = _sentences().get(code, (Severity.WARNING.value, UNKNOWN))
    return script_rule(code, Severity(level))


@cache
def _sentences() -> dict[str, tuple[str, str]]:
    """Level and sentence by code."""
    table = tables.table(DATA)
    return {code: (level, sentence) for level, rows in table.items() for code, sentence in rows.items()}
