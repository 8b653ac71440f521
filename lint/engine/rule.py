"""What a rule is, and how its docstring is read: documentation, examples and tests are one text."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dockerlint.lint.storage.lazy_regex import regex

from .findings import Finding, Severity

if TYPE_CHECKING:
    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile

# The code of a file that does not parse.
SYNTAX_ERROR = "DL1000"
# The families of rules whose fixes are there to save time or bytes, and those of hadolint's rules.
ECONOMIC = ("DF1", "DF2", "DF3", "DL3009", "DL3010", "DL3015", "DL3019", "DL3032", "DL3036", "DL3040", "DL3042", "DL3046", "DL3059", "DL3060")
# What Python's -OO sets `sys.flags.optimize` to.
WITHOUT_DOCSTRINGS = 2

# What a rule's function is called with, by name; it declares those that it uses.
PARAMETERS = ("doc", "facts")

Check = Callable[["Dockerfile", "Facts"], Iterator[Finding]]

# The code that a rule's file is named after: `DF101_source_copied_before_install.py`.
FILE_NAME = regex(r"(?:.*[\\/])?([A-Z]+[0-9]+)_\w+\.py\Z")
FENCE = regex(r"^```(dockerfile|context)[ ]+(\S+)[ ]*$\n((?:(?!```).*\n)*?)^```$", re.MULTILINE)


def is_economic(code: str) -> bool:
    """Whether a rule is there to save time or bytes, so that a fix which costs them makes no sense."""
    return code.startswith(ECONOMIC)


# Codes, and beginnings of codes, of rules about what an attacker gains by.
SECURITY = ("DF4", "DL3002", "DL3004", "DL3026", "DL3064")


class Example(Struct, frozen=True):
    """A Dockerfile of a rule's documentation."""

    # bad or good
    kind: str
    # the Dockerfile
    text: str
    # files beside it, each with its name and its text
    context: tuple[tuple[str, str], ...] = ()
    # the Dockerfile after the fix; None when the page shows none
    fixed: str | None = None


class Rule(Struct, frozen=True, dict=True):
    """A check with its name and its documentation."""

    # such as DF101; unique, and the code of all its findings
    code: str
    # in words with dashes; as good as the code on the command line
    name: str
    # of its findings, unless the configuration says otherwise
    severity: Severity
    # codes and names that select it too, such as those of other linters
    aliases: tuple[str, ...]
    # whether the preset `recommended` has it
    recommended: bool
    # finds the problems of one file
    check: Check
    # returns the documentation, in Markdown; called when it is first asked for
    document: Callable[[], str]
    # texts in lower case of which a file must contain one for the rule to find anything; not checked when empty
    needs: tuple[str, ...] = ()
    # of its findings where the preset is `hadolint`; None when it is the same
    hadolint_severity: Severity | None = None

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

    @property
    def is_security(self) -> bool:
        """Whether it is about what an attacker gains by."""
        return self.code.startswith(SECURITY)


class Member(Struct, frozen=True):
    """A rule of a family."""

    # the rule's code
    code: str
    # the rule's name
    name: str
    # what the family's function is called with for this rule
    arguments: Mapping[str, object]
    # what the places in the family's page stand for
    words: Mapping[str, str]
    # as of a Rule
    needs: tuple[str, ...] = ()
    # as of a Rule; the family's when None
    severity: Severity | None = None
    # as of a Rule
    hadolint_severity: Severity | None = None


def rule(
    code: str | None = None,
    *,
    name: str,
    severity: Severity,
    aliases: tuple[str, ...] = (),
    recommended: bool = True,
    needs: tuple[str, ...] = (),
    hadolint_severity: Severity | None = None,
) -> Callable[[Callable[..., Iterator[Finding]]], Rule]:
    """Make a rule of a function that yields findings; its docstring is the rule's page.

    The function takes `doc` and `facts`, or those of the two that it uses. `code` may be left out where the file is named
    after it. Raises TypeError when there is no code, no docstring, or a parameter of another name.
    """

    def make(check: Callable[..., Iterator[Finding]]) -> Rule:
        own = code or _code_of_file(check)
        if not check.__doc__ and sys.flags.optimize < WITHOUT_DOCSTRINGS:
            raise TypeError(f"rule {own} has no docstring")
        return Rule(own, name, severity, aliases, recommended, coded(own, check), lambda: _page(check), needs, hadolint_severity)

    return make


def family(
    check: Callable[..., Iterator[Finding]],
    page: str,
    members: Iterable[Member],
    *,
    severity: Severity,
    aliases: tuple[str, ...] = (),
    recommended: bool = True,
) -> tuple[Rule, ...]:
    """Make a rule of each member: rules that differ in data only share one function and one page.

    `page` is a format string for the members' `words`; the function takes the members' `arguments` besides `doc` and `facts`.
    """

    def make(member: Member) -> Rule:
        found = coded(member.code, check, member.arguments)
        level = member.severity or severity
        document = partial(_filled, page, member.words)
        return Rule(member.code, member.name, level, aliases, recommended, found, document, member.needs, member.hadolint_severity)

    return tuple(make(member) for member in members)


def _filled(page: str, words: Mapping[str, str]) -> str:
    return page.format_map(words).strip()


def coded(code: str, check: Callable[..., Iterator[Finding]], arguments: Mapping[str, object] | None = None) -> Check:
    """A rule's function as the engine calls it: with both parameters, and with the rule's code in its findings.

    Raises TypeError when it has a parameter of another name that is not among the further arguments.
    """
    more = arguments or {}
    names = set(check.__code__.co_varnames[: check.__code__.co_argcount + check.__code__.co_kwonlyargcount]) - set(more)
    if unknown := names - set(PARAMETERS):
        raise TypeError(f"rule {code} takes {' and '.join(sorted(unknown))}; a rule takes doc and facts, or one of them")

    takes_doc, takes_facts = (name in names for name in PARAMETERS)
    given = partial(check, **more) if more else check
    named = partial(replace, code=code)

    def found(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
        if takes_doc:
            return map(named, given(doc=doc, facts=facts) if takes_facts else given(doc=doc))
        return map(named, given(facts=facts) if takes_facts else given())

    found.__module__ = check.__module__
    return found


def _code_of_file(check: Callable[..., Iterator[Finding]]) -> str:
    named = FILE_NAME.match(check.__code__.co_filename)
    if named is None:
        raise TypeError(f"rule {check.__name__} has no code: name its file after it, or write @rule(CODE, ...)")
    return named[1]


def _page(check: Callable[..., Iterator[Finding]]) -> str:
    from inspect import getdoc

    return getdoc(check) or "Its page is missing: Python runs without docstrings (-OO, PYTHONOPTIMIZE)."


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
