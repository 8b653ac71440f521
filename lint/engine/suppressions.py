"""Inline ignores: `# dlint ignore=CODE`, hadolint's pragmas and BuildKit's `# check=skip=...`."""

from __future__ import annotations

from bisect import bisect_right
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


class InlineIgnore(Struct, frozen=True):
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
        return self.prefixes and any(code.startswith(name) for name in self.names if PREFIX.fullmatch(name))


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
    names = {rule.code: frozenset(name.lower() for name in (rule.code, rule.name, *rule.aliases)) for rule in rules}
    return [
        finding
        for finding in findings
        if not any(ignore.silences(finding, names.get(finding.code) or _code_of(finding)) for ignore in active)
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
    between = doc.text[comment.span.end : node.span.start].split("\n")[1:-1]
    return node.span if all(line.lstrip().startswith("#") for line in between) else None


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
    return next((stage.span for stage in doc.stages if stage.from_ is node), None)


def _stage_of_hadolint(doc: Dockerfile, comment: Comment) -> Span:
    """What hadolint 2.15.1 takes for the stage below a comment (measured)."""
    line = doc.line(comment.span.start)
    froms = (stage.from_.span for stage in doc.stages)
    end = next((span.end for span in froms if doc.line(span.start) > line + 1), len(doc.text))
    rest = doc.text[comment.span.end :].splitlines(keepends=True)
    return Span(comment.span.end + sum(map(len, rest[:2])), end)
