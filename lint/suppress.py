"""Inline ignores: `# dlint ignore=CODE`, hadolint's pragmas and BuildKit's `# check=skip=...`."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .findings import Finding, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .nodes import Comment, Dockerfile, Instruction
    from .rule import Rule

PRAGMA = re.compile(r"#\s*(?:dlint|hadolint)\s+(global\s+)?ignore\s*=\s*([\w-]+(?:\s*,\s*[\w-]+)*)")
CHECK = re.compile(r"#\s*check\s*=\s*(\S.*)")


@dataclass(frozen=True, slots=True)
class Ignore:
    """One inline ignore: the names it gives, and the characters it covers; None for the whole file."""

    span: Span
    names: frozenset[str]
    covers: Span | None

    def silences(self, finding: Finding, names: frozenset[str]) -> bool:
        """Whether it holds for a finding whose rule goes by `names` (in lower case)."""
        if self.covers is not None and not self.covers.start <= finding.span.start <= self.covers.end:
            return False
        return "all" in self.names or not self.names.isdisjoint(names)


def ignores(doc: Dockerfile) -> tuple[Ignore, ...]:
    """The inline ignores of a file."""
    return tuple(_ignores(doc))


def kept(findings: Iterable[Finding], doc: Dockerfile, rules: Iterable[Rule]) -> list[Finding]:
    """The findings that no inline ignore silences."""
    active = ignores(doc)
    if not active:
        return list(findings)
    names = {rule.code: frozenset(name.lower() for name in (rule.code, rule.name, *rule.aliases)) for rule in rules}
    return [
        finding
        for finding in findings
        if not any(ignore.silences(finding, names.get(finding.code, frozenset())) for ignore in active)
    ]


def _ignores(doc: Dockerfile) -> Iterator[Ignore]:
    if check := doc.directive("check"):
        yield from _check(check.span, check.value, None)
    starts = [node.span.start for node in doc.instructions]
    for comment in doc.comments:
        if match := PRAGMA.match(comment.text):
            names = frozenset(name.strip().lower() for name in match[2].split(","))
            covers = None if match[1] else _instruction(doc, starts, comment)
            if match[1] or covers:
                yield Ignore(comment.span, names, covers)
        elif (match := CHECK.match(comment.text)) and (covers := _instruction(doc, starts, comment)):
            yield from _check(comment.span, match[1], covers)


def _check(span: Span, value: str, covers: Span | None) -> Iterator[Ignore]:
    for part in value.split(";"):
        name, _, names = part.strip().partition("=")
        if name.strip() == "skip":
            yield Ignore(span, frozenset(item.strip().lower() for item in names.split(",")), covers)


def _instruction(doc: Dockerfile, starts: list[int], comment: Comment) -> Span | None:
    """The instruction that a comment lies in, or stands above with nothing but comments between."""
    index = bisect_right(starts, comment.span.start)
    if index and doc.instructions[index - 1].span.end > comment.span.start:
        return doc.instructions[index - 1].span
    if index == len(doc.instructions):
        return None
    node: Instruction = doc.instructions[index]
    between = doc.text[comment.span.end : node.span.start].splitlines()[1:]
    if all(line.lstrip().startswith("#") or not line.strip() for line in between[:-1]) and all(
        line.strip() for line in between[:-1]
    ):
        return node.span
    return None
