"""Inline ignores: `# dlint ignore=CODE`, hadolint's pragmas and BuildKit's `# check=skip=...`."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax.span import Span

from .check_directive import Checks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dockerlint.lint.syntax.nodes import Comment, Dockerfile, Instruction

    from .findings import Finding
    from .rule import Rule

# What stands behind the names is the reason.
OWN = regex(r"#[ \t]*dlint[ \t]+(?:(global|stage)[ \t]+)?ignore[ \t]*=[ \t]*([\w-]+(?:[ \t]*,[ \t]*[\w-]+)*)")
# hadolint 2.15.1 takes codes in capitals and nothing else, then perhaps a comment; one bad name voids it all (measured).
HADOLINT = regex(
    r"#[ \t]*hadolint[ \t]+(?:(global|stage)[ \t]+)?ignore[ \t]*=[ \t]*"
    r"((?:DL\d{4}|SC\d+)(?:[ \t]*,[ \t]*(?:DL\d{4}|SC\d+))*)[ \t]*(?:#.*)?\r?\Z"
)
CHECK = regex(r"#\s*check\s*=\s*(\S.*)")
PREFIX = regex(r"(?:dl|df|sc)\d*")


class InlineIgnore(Struct, frozen=True, dict=True):
    """One inline ignore: the names it gives in lower case, and the characters it covers; None for the whole file.

    `scope` is empty for a single instruction, else `stage` or `global`; `prefixes` says that `dl3` stands for all codes
    that start so; `foreign` that it is hadolint's. Those that go by a name in `spared` it does not silence.
    """

    span: Span
    names: frozenset[str]
    covers: Span | None
    scope: str = ""
    prefixes: bool = False
    foreign: bool = False
    spared: frozenset[str] = frozenset()

    def silences(self, finding: Finding, names: frozenset[str]) -> bool:
        """Whether it holds for a finding whose rule goes by `names` (in lower case)."""
        if self.covers is not None and not self.covers.start <= finding.span.start <= self.covers.end:
            return False
        if not self.spared.isdisjoint(names):
            return False
        if "all" in self.names or not self.names.isdisjoint(names):
            return True
        code = finding.code.lower()
        return self.prefixes and code.startswith(self._prefixes)

    @cached_property
    def _prefixes(self) -> tuple[str, ...]:
        return tuple(name for name in self.names if PREFIX.fullmatch(name))


class _Index(Struct, frozen=True):
    """Ignores by what they cover, so that for a place few of them are looked at. `ends` are the largest ends so far."""

    everywhere: list[InlineIgnore]
    layers: list[tuple[list[InlineIgnore], list[int], list[int]]]

    @classmethod
    def of(cls, active: Iterable[InlineIgnore]) -> _Index:
        """Those of one place are taken together; what covers a stage does not hide what covers an instruction in it."""
        names = defaultdict[tuple[object, ...], set[str]](set)
        first: dict[tuple[object, ...], InlineIgnore] = {}
        for ignore in active:
            key = bool(ignore.scope), ignore.covers, ignore.prefixes, ignore.spared
            names[key] |= ignore.names
            first.setdefault(key, ignore)
        joined = [replace(ignore, names=frozenset(names[key])) for key, ignore in first.items()]
        layers = []
        for is_wide in (False, True):
            some = sorted((item for item in joined if item.covers and bool(item.scope) is is_wide), key=lambda item: item.covers or Span(0, 0))
            spans = [item.covers for item in some if item.covers]
            layers.append((some, [span.start for span in spans], list(accumulate((span.end for span in spans), max))))
        return cls([item for item in joined if item.covers is None], layers)

    def at(self, place: int) -> Iterator[InlineIgnore]:
        """Those that cover a place, and a few others."""
        yield from self.everywhere
        for some, starts, ends in self.layers:
            index = bisect_right(starts, place)
            while index and ends[index - 1] >= place:
                index -= 1
                yield some[index]


def ignores(doc: Dockerfile, *, as_hadolint: bool = False) -> tuple[InlineIgnore, ...]:
    """The inline ignores of a file.

    With `as_hadolint` hadolint's pragmas hold where they do there: for an instruction on the line below and no other, and
    for a stage from the second line below up to the next FROM, this included.
    """
    return tuple(_ignores(doc, as_hadolint=as_hadolint))


def pragmas(doc: Dockerfile) -> Iterator[Comment]:
    """hadolint's pragmas that ignore something for one instruction, but for those within an instruction."""
    starts = _starts(doc)
    for comment in doc.comments:
        match = HADOLINT.match(comment.text)
        if match and not match[1] and _around(doc, starts, comment) is None:
            yield comment


def kept(
    findings: Iterable[Finding], doc: Dockerfile, rules: Iterable[Rule], *, as_hadolint: bool = False
) -> list[Finding]:
    """The findings that no inline ignore silences."""
    active = ignores(doc, as_hadolint=as_hadolint)
    if not active:
        return list(findings)
    index = _Index.of(active)
    names = {rule.code: frozenset(name.lower() for name in (rule.code, rule.name, *rule.aliases)) for rule in rules}
    return [
        finding
        for finding in findings
        if not any(ignore.silences(finding, names.get(finding.code) or _code_of(finding)) for ignore in index.at(finding.span.start))
    ]


def _code_of(finding: Finding) -> frozenset[str]:
    return frozenset({finding.code.lower()})


def _ignores(doc: Dockerfile, *, as_hadolint: bool) -> Iterator[InlineIgnore]:
    if check := doc.directive("check"):
        yield from _check(check.span, check.value, None)
    starts = _starts(doc)
    for comment in doc.comments:
        if "=" not in comment.text:
            continue
        if match := OWN.match(comment.text):
            names = frozenset(name.strip().lower() for name in match[2].split(","))
            yield from _scoped(doc, starts, comment, InlineIgnore(comment.span, names, None, match[1] or "", prefixes=True))
        elif match := HADOLINT.match(comment.text):
            names = frozenset(name.strip().lower() for name in match[2].split(","))
            ignore = InlineIgnore(comment.span, names, None, match[1] or "", foreign=True)
            if as_hadolint and ignore.scope == "stage":
                yield replace(ignore, covers=_stage_of_hadolint(doc, comment))
            elif ignore.scope or not as_hadolint or _is_next_line(doc, starts, comment):
                yield from _scoped(doc, starts, comment, ignore)
        elif (match := CHECK.match(comment.text)) and (covers := _instruction(doc, starts, comment)):
            yield from _check(comment.span, match[1], covers)


def _scoped(doc: Dockerfile, starts: list[int], comment: Comment, ignore: InlineIgnore) -> Iterator[InlineIgnore]:
    """The ignore with what it covers; none when it covers nothing."""
    if ignore.scope == "global":
        yield ignore
        return
    find = _stage if ignore.scope else _instruction
    covers = find(doc, starts, comment)
    if covers:
        yield replace(ignore, covers=covers)


def _check(span: Span, value: str, covers: Span | None) -> Iterator[InlineIgnore]:
    checks = Checks.parse(value)
    if checks.skip:
        yield InlineIgnore(span, checks.skip, covers, spared=checks.unskipped)


def _starts(doc: Dockerfile) -> list[int]:
    return [node.span.start for node in doc.instructions]


def _around(doc: Dockerfile, starts: list[int], comment: Comment) -> Instruction | None:
    """The instruction that a comment lies in."""
    index = bisect_right(starts, comment.span.start)
    if index and doc.instructions[index - 1].span.end > comment.span.start:
        return doc.instructions[index - 1]
    return None


def _below(doc: Dockerfile, starts: list[int], comment: Comment) -> Instruction | None:
    """The first instruction behind a comment."""
    index = bisect_right(starts, comment.span.start)
    return doc.instructions[index] if index < len(doc.instructions) else None


def _instruction(doc: Dockerfile, starts: list[int], comment: Comment) -> Span | None:
    """The instruction that a comment lies in, or stands directly above: nothing but comment lines between."""
    if around := _around(doc, starts, comment):
        return around.span
    node = _below(doc, starts, comment)
    if node is None:
        return None
    # the comment lines stand one below the other when there are as many of them as lines
    first = bisect_left(doc.comments, comment.span.start, key=_start)
    last = bisect_left(doc.comments, node.span.start, key=_start)
    return node.span if doc.line(node.span.start) - doc.line(comment.span.start) == last - first else None


def _start(comment: Comment) -> int:
    return comment.span.start


def _is_next_line(doc: Dockerfile, starts: list[int], comment: Comment) -> bool:
    """Whether an instruction starts on the line below a comment that lies in none."""
    node = _below(doc, starts, comment)
    if node is None or _around(doc, starts, comment):
        return False
    return doc.line(node.span.start) == doc.line(comment.span.start) + 1


def _stage(doc: Dockerfile, starts: list[int], comment: Comment) -> Span | None:
    """The stage whose FROM comes next; for a comment above the first FROM, whatever stands between."""
    if not doc.stages or _around(doc, starts, comment):
        return None
    first = doc.stages[0]
    if comment.span.start < first.from_.span.start:
        return first.span
    node = _below(doc, starts, comment)
    index = bisect_left(doc.stages, comment.span.start, key=lambda stage: stage.from_.span.start)
    return doc.stages[index].span if index < len(doc.stages) and doc.stages[index].from_ is node else None


def _stage_of_hadolint(doc: Dockerfile, comment: Comment) -> Span:
    """What hadolint 2.15.1 takes for the stage below a comment (measured)."""
    line = doc.line(comment.span.start)
    index = bisect_right(doc.stages, line + 1, key=lambda stage: doc.line(stage.from_.span.start))
    end = doc.stages[index].from_.span.end if index < len(doc.stages) else len(doc.text)
    start = comment.span.end
    for _ in range(2):
        start = doc.text.find("\n", start) + 1 or len(doc.text)
    return Span(start, end)
