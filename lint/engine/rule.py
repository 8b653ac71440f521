"""What a rule is, and how its docstring is read: documentation, examples and tests are one text."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.lint.storage.lazy_regex import regex

from .findings import Finding, Severity

if TYPE_CHECKING:
    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile

# What Python's -OO sets `sys.flags.optimize` to.
WITHOUT_DOCSTRINGS = 2

Check = Callable[["Dockerfile", "Facts"], Iterator[Finding]]

FENCE = regex(r"^```(dockerfile|context)[ ]+(\S+)[ ]*$\n((?:(?!```).*\n)*?)^```$", re.MULTILINE)


class Example(Struct, frozen=True):
    """A Dockerfile of a rule's documentation. `context` are the files that lie beside it."""

    kind: str
    text: str
    context: tuple[tuple[str, str], ...] = ()
    fixed: str | None = None


class Rule(Struct, frozen=True, dict=True):
    """A check with its name and its documentation, which `document` gives.

    `needs` are texts, in lower case, of which a file must hold one for the rule to find anything in it; any file may where
    there are none. `checker.able` asks for them.
    """

    code: str
    name: str
    severity: Severity
    aliases: tuple[str, ...]
    recommended: bool
    check: Check
    document: Callable[[], str]
    needs: tuple[str, ...] = ()

    @cached_property
    def documentation(self) -> str:
        """What the rule says of itself, in Markdown with fenced examples."""
        return self.document()

    @property
    def summary(self) -> str:
        """The first line of the documentation."""
        return self.documentation.partition("\n")[0]

    @cached_property
    def examples(self) -> tuple[Example, ...]:
        """The fenced blocks of the documentation; a `fixed` block belongs to the `bad` one before it."""
        return tuple(examples(self.documentation))

    @property
    def fixable(self) -> bool:
        """Whether it can mend what it finds, as its examples show."""
        return any(example.fixed is not None for example in self.examples)

    @property
    def hadolint(self) -> bool:
        """Whether it is one of hadolint's rules, ShellCheck's among them; these keep hadolint's codes."""
        return self.code.startswith(("DL", "SC"))


def rule(
    code: str,
    *,
    name: str,
    severity: Severity,
    aliases: tuple[str, ...] = (),
    recommended: bool = True,
    needs: tuple[str, ...] = (),
) -> Callable[[Check], Rule]:
    """Make a rule of a function `(doc, facts) -> Iterator[Finding]`; its docstring is the rule's page."""

    def make(check: Check) -> Rule:
        if not check.__doc__ and sys.flags.optimize < WITHOUT_DOCSTRINGS:
            raise TypeError(f"rule {code} has no docstring")
        return Rule(code, name, severity, aliases, recommended, check, lambda: _page(check), needs)

    return make


def _page(check: Check) -> str:
    from inspect import getdoc

    return getdoc(check) or "Its page is not at hand: Python was told to leave out docstrings (-OO, PYTHONOPTIMIZE)."


def examples(text: str) -> Iterator[Example]:
    """The examples in a text with fenced blocks ```` ```dockerfile bad|fixed|good ```` .

    A block ```` ```context NAME ```` before one puts a file beside it; it holds for all examples after it.
    """
    context: list[tuple[str, str]] = []
    pending: Example | None = None
    for match in FENCE.finditer(text):
        language, kind, body = match.groups()
        if language == "context":
            context.append((kind, body))
            continue
        if kind == "fixed":
            if pending is None or pending.kind != "bad":
                raise ValueError("a `fixed` block must follow a `bad` one")
            pending = Example("bad", pending.text, pending.context, body)
            continue
        if kind not in ("bad", "good"):
            raise ValueError(f"an example is bad, fixed or good, not {kind!r}")
        if pending:
            yield pending
        pending = Example(kind, body, tuple(context))
    if pending:
        yield pending
