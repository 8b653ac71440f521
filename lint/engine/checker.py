"""Runs rules over one file."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.syntax.span import Span

from .findings import LONGEST_WORD, shortened
from .registry import rules as all_rules
from .rule import SYNTAX_ERROR
from .suppressions import kept

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dockerlint.lint.syntax.nodes import Dockerfile

    from .findings import Finding
    from .rule import Rule

QUOTES = dict.fromkeys(map(ord, "\"'\\`"))


def check(
    doc: Dockerfile,
    facts: Facts | None = None,
    rules: Iterable[Rule] | None = None,
    *,
    ignores: bool = True,
    failed: Callable[[Rule, Exception], object] | None = None,
) -> list[Finding]:
    """The findings of the rules (the recommended ones when None) that no inline ignore silences, by place.

    As hadolint, each is at the first character of its instruction's line. `failed` is called with a rule that has a bug, and
    the others go on; without it the error is raised.
    """
    facts = facts or Facts(doc)
    active = tuple(rules if rules is not None else (rule for rule in all_rules() if rule.recommended))
    text = _plain(doc, facts)
    findings = [finding for rule in able(active, text) for finding in _found(rule, doc, facts, failed)]
    if ignores:
        findings = kept(findings, doc, active, as_hadolint=facts.as_hadolint)
    if facts.as_hadolint:
        findings = [_at_line_start(doc, finding) for finding in findings]
    findings = [finding if len(finding.message) <= LONGEST_WORD else _short(finding) for finding in findings]
    return sorted(findings, key=lambda finding: (finding.span, finding.code))


def able(rules: Sequence[Rule], text: str) -> list[Rule]:
    """The rules that may find something in a file of that text, which is in lower case and without quotes.

    Each text that one of them needs is looked for once.
    """
    words = frozenset().union(*(rule.needs for rule in rules))
    there = {word for word in words if word in text}
    return [rule for rule in rules if not rule.needs or not there.isdisjoint(rule.needs)]


def _plain(doc: Dockerfile, facts: Facts) -> str:
    """All words of a file and of its build arguments as rules get to see them: joined, without quotes, in lower case."""
    whole = Span(0, len(doc.text))
    joined = "".join(doc.source(piece) for piece in doc.pieces(whole)).replace("\\\n", "")
    return "\n".join((doc.text, joined, *facts.settings.build_args.values())).translate(QUOTES).casefold()


def _found(
    rule: Rule, doc: Dockerfile, facts: Facts, failed: Callable[[Rule, Exception], object] | None
) -> Iterable[Finding]:
    if failed is None:
        return rule.check(doc, facts)
    try:
        return list(rule.check(doc, facts))
    except Exception as error:
        failed(rule, error)
        return ()


def _short(finding: Finding) -> Finding:
    fix = finding.fix and replace(finding.fix, title=shortened(finding.fix.title))
    return replace(finding, message=shortened(finding.message), fix=fix)


def _at_line_start(doc: Dockerfile, finding: Finding) -> Finding:
    if finding.code == SYNTAX_ERROR:
        return finding
    index = bisect_right(doc.instructions, finding.span.start, key=lambda node: node.span.start) - 1
    inside = index >= 0 and finding.span.start < doc.instructions[index].span.end
    span = doc.instructions[index].span if inside else finding.span
    return replace(finding, span=Span(doc.line_span(doc.line(span.start)).start, span.end))
