"""DF701: a comment ignores a rule that finds nothing there."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from dockerlint.fixers.edits import delete_lines
from dockerlint.fixers.refusal import Refusal, answered
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.engine import registry, shellcheck_findings
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.engine.suppressions import InlineIgnore, ignores
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax.span import Edit, Span

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from dockerlint.lint.engine.rule import Rule
    from dockerlint.lint.syntax.nodes import Dockerfile

NAMES = regex(r"(ignore|skip)[ \t]*=[ \t]*([\w-]+(?:[ \t]*,[ \t]*[\w-]+)*)")
NAME = regex(r"[\w-]+")
SCRIPTS = regex(r"sc\d*")


@rule(name="unused-ignore", severity=Severity.INFO, recommended=False)
def unused_ignore(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A comment ignores a rule that finds nothing there.

    The finding is gone, or there is no such rule, and the comment would hide the next one. It makes no difference whether the
    rule is on. ShellCheck's codes are judged only when ShellCheck is installed.

    ```dockerfile bad
    FROM debian:bookworm-slim
    # dlint ignore=DL3004,DL3020 sudo drops the rights here
    RUN sudo -u app make
    ```

    ```dockerfile fixed
    FROM debian:bookworm-slim
    # dlint ignore=DL3004 sudo drops the rights here
    RUN sudo -u app make
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    # hadolint ignore=DL3004
    RUN sudo make
    ```

    **Fix safety:** comments do not change the image. There is none for BuildKit's `check=skip=`.

    **Source:** ESLint's and ruff's reports of unused directives; the comments are described in the chapter on ignoring.
    """
    file = _File(doc, facts)
    for ignore in ignores(doc):
        names = NAMES.search(doc.source(ignore.span))
        if names is None:
            continue
        words = list(NAME.finditer(doc.text, ignore.span.start + names.start(2), ignore.span.start + names.end(2)))
        for word in words:
            reason = _useless(file, ignore, word[0].lower(), is_check=names[1] == "skip")
            if reason:
                fix = _fix(doc, ignore, words, word) if names[1] == "ignore" else Refusal("BuildKit reads the directive too: take the name out by hand")
                yield answered(Span(*word.span()), f"`{word[0]}` in this comment has no effect: {reason}", fix)


class _File(Struct, frozen=True, dict=True):
    """A file, what each rule finds in it, and how hadolint sees it."""

    doc: Dockerfile
    facts: Facts
    _found: dict[tuple[str, Facts], list[Finding]] = field(default_factory=dict)

    @cached_property
    def as_hadolint(self) -> Facts:
        """The facts as hadolint judges them."""
        settings = replace(self.facts.settings, preset="hadolint")
        return Facts(self.doc, self.facts.context, settings, self.facts.shellcheck)

    @cached_property
    def names(self) -> dict[str, frozenset[str]]:
        """The names that each rule goes by, in lower case, by its code."""
        return {item.code: _names(item) for item in registry.rules()}

    def found(self, item: Rule, view: Facts, within: Span | None) -> list[Finding]:
        """What a rule finds in a place, as the facts see the file: looked for once, however many comments name it."""
        key = item.code, view
        if key not in self._found:
            self._found[key] = sorted(item.check(self.doc, view), key=_start)
        found = self._found[key]
        if within is None:
            return found
        return found[bisect_left(found, within.start, key=_start) : bisect_right(found, within.end, key=_start)]


def _start(finding: Finding) -> int:
    return finding.span.start


def _names(item: Rule) -> frozenset[str]:
    return frozenset(text.lower() for text in (item.code, item.name, *item.aliases))


def _useless(file: _File, ignore: InlineIgnore, name: str, *, is_check: bool) -> str | None:
    """Why a name of an ignore does nothing; None when it does something, or nobody knows."""
    facts = file.facts
    if name in ("all", unused_ignore.code.lower()):
        return None
    if SCRIPTS.fullmatch(name) and (facts.shellcheck is None or shellcheck_findings.left_out(facts)):
        return None
    found = list(_rules(file, ignore, name))
    if not found and not SCRIPTS.fullmatch(name):
        # BuildKit may know a check that we do not
        return None if is_check else "there is no such rule"
    alone = replace(ignore, names=frozenset({name}))
    for item, views in found:
        names = file.names.get(item.code) or _names(item)
        if any(alone.silences(finding, names) for view in views for finding in file.found(item, view, ignore.covers)):
            return None
    return "it finds nothing here"


def _rules(file: _File, ignore: InlineIgnore, name: str) -> Iterator[tuple[Rule, tuple[Facts, ...]]]:
    """The rules that a name stands for, and the facts to judge with: for hadolint's pragmas also as hadolint sees them."""
    views = (file.facts, file.as_hadolint) if ignore.foreign else (file.facts,)
    for item in registry.rules():
        known = name in file.names[item.code]
        if item.code != unused_ignore.code and (known or (ignore.prefixes and item.code.lower().startswith(name))):
            yield item, views
    if SCRIPTS.fullmatch(name):
        for view in views:
            yield from ((item, (view,)) for item in shellcheck_findings.rules(view))


def _fix(doc: Dockerfile, ignore: InlineIgnore, words: list[re.Match[str]], word: re.Match[str]) -> Fix | Refusal:
    """Takes the name away, with the comment when it is its only one."""
    if len(words) > 1:
        at = words.index(word)
        cut = Span(word.start(), words[1].start()) if at == 0 else Span(words[at - 1].end(), word.end())
        return Fix(f"remove `{word[0]}` from the comment", (Edit(cut, ""),), Applicability.SAFE)
    line = doc.line(ignore.span.start)
    if line <= len(doc.directives) + 1:
        # without it a comment below could become a directive of the parser
        return Refusal("a comment below it could become a directive of the parser: take it away by hand")
    end = doc.text.find("\n", ignore.span.end) + 1 or len(doc.text)
    return Fix("remove the comment", (delete_lines(doc, Span(doc.line_span(line).start, end)),), Applicability.SAFE)
