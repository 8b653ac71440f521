"""Applies fixes until nothing changes: choose among those that conflict, splice, parse again, repeat."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct, field

from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Saving
from dockerlint.lint.syntax.parser import parse

from .edits import apply, are_apart
from .line_origins import LineOrigins

if TYPE_CHECKING:
    from dockerlint.lint.syntax.nodes import Dockerfile
    from dockerlint.lint.syntax.span import Span

Find = Callable[["Dockerfile"], Sequence[Finding]]
Worth = Callable[["Dockerfile", Sequence[Finding]], Sequence[Saving | None]]

# Each pass that goes on makes at least one fix or gives one up, and most instructions are touched by a few fixes only:
# a file that needs more passes than this for each has rules that feed each other.
PASSES_AN_INSTRUCTION = 5
FEWEST_PASSES, MOST_PASSES = 100, 1000
# Where the passes run out, the rules of so many fixes that were made last are those that come to no end.
LAST_MADE = 20
ENDLESS = "it does not settle: every pass makes it again"
# To price a fix takes as long as to read the text: what comes after so many characters is chosen by its place. Real files take
# a hundredth of it.
MOST_PRICED = 2_000_000


class Applied(Struct, frozen=True):
    """A fix that was made, for what `message` says; lines are those of the file as it was."""

    code: str
    title: str
    line: int
    message: str
    saving: Saving | None


class Settled(Struct, frozen=True):
    """A finding that was there at first, and is gone although no fix of its own was made."""

    code: str
    line: int


class Dropped(Struct, frozen=True):
    """A fix that was not made because it broke the file, undid another or never came to an end: a bug of its rule."""

    code: str
    title: str
    line: int
    reason: str


class FixOutcome(Struct, frozen=True):
    """The fixed text, and what was done."""

    text: str
    applied: tuple[Applied, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    settled: tuple[Settled, ...] = ()
    # the lines of `text` as they were
    origins: LineOrigins = field(default_factory=lambda: LineOrigins((1,)))


class _Run(Struct):
    """The state of one `fix`."""

    origins: LineOrigins
    applied: list[Applied] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    banned: set[tuple[str, str]] = field(default_factory=set)


def fix(text: str, find: Find, *, unsafe: bool = False, worth: Worth | None = None) -> FixOutcome:
    """Makes the safe fixes (with `unsafe` the others too) of what `find` finds, until there are none left.

    `worth` prices findings: of fixes that conflict the one that saves more goes first. A fix that would break a file that
    parsed, or bring back an earlier text, is not made and stands in `dropped`; so do all of a rule whose fixes come to no end.
    """
    endless: list[Dropped] = []
    while True:
        outcome, going = _fixed(text, _without(find, frozenset(item.code for item in endless)), unsafe=unsafe, worth=worth)
        endless += [Dropped(item.code, item.title, item.line, ENDLESS) for item in going]
        if not going:
            return FixOutcome(outcome.text, outcome.applied, (*outcome.dropped, *endless), outcome.settled, outcome.origins)


def _without(find: Find, codes: frozenset[str]) -> Find:
    return lambda doc: [item for item in find(doc) if item.code not in codes]


def _fixed(text: str, find: Find, *, unsafe: bool, worth: Worth | None) -> tuple[FixOutcome, list[Applied]]:
    """The fixed text; and a fix of each rule that still made some when the passes ran out, none when it settled."""
    least = Applicability.UNSAFE if unsafe else Applicability.SAFE
    run = _Run(LineOrigins.of(text))
    doc = parse(text)
    seen = {text}
    first: list[Settled] | None = None
    priced_characters = 0
    for _ in range(min(FEWEST_PASSES + PASSES_AN_INSTRUCTION * len(doc.instructions), MOST_PASSES)):
        every = find(doc)
        first = _standing(doc, every, run) if first is None else first
        findings = [item for item in every if item.fix and item.fix.applicability >= least]
        findings = [item for item in findings if _key(doc, item) not in run.banned and not _joins_line_end(doc, _fix(item))]
        priced_characters += len(findings) * len(doc.text)
        savings = worth(doc, findings) if worth and priced_characters <= MOST_PRICED else [None] * len(findings)
        priced = list(zip(findings, savings, strict=True))
        if torn := [item for item in priced if not are_apart(_fix(item[0]).edits)]:
            _drop(doc, torn, run, "its edits overlap")
            continue
        chosen = _choose(doc, priced)
        if not chosen:
            break
        following = _make(doc, chosen, run)
        if following is None:
            continue
        if following.text in seen:
            _drop(doc, chosen, run, "it undoes another fix")
            continue
        run.applied += [
            Applied(item.code, _fix(item).title, run.origins.line(doc.line(item.span.start)), run.origins.named(item.message), saving)
            for item, saving in chosen
        ]
        run.origins = run.origins.after(doc, [item for item, _ in chosen], following.text)
        seen.add(following.text)
        doc = following
    else:
        last = {item.code: item for item in run.applied[-LAST_MADE:]}
        return FixOutcome(text, origins=LineOrigins.of(text)), list(last.values())
    made = {(item.code, item.line) for item in run.applied}
    there = {(item.code, item.line) for item in _standing(doc, every, run)}
    settled = (item for item in first or () if (item.code, item.line) not in made | there)
    return FixOutcome(doc.text, tuple(run.applied), tuple(run.dropped), tuple(settled), run.origins), []


def _standing(doc: Dockerfile, findings: Sequence[Finding], run: _Run) -> list[Settled]:
    return [Settled(item.code, run.origins.line(doc.line(item.span.start))) for item in findings]


def _fix(finding: Finding) -> Fix:
    assert finding.fix
    return finding.fix


def _joins_line_end(doc: Dockerfile, fix: Fix) -> bool:
    """Whether an edit would bring a CR that ends no line in front of a line break, which then is another one."""
    return any(
        (doc.text[max(start - 1, 0) : start] + text)[-1:] == "\r" and doc.text[end : end + 1] == "\n" and doc.text[max(end - 1, 0) : end] != "\r"
        for (start, end), text in fix.edits
    )


def _key(doc: Dockerfile, finding: Finding) -> tuple[str, str]:
    return finding.code, doc.source(finding.span)


def _choose(doc: Dockerfile, priced: list[tuple[Finding, Saving | None]]) -> list[tuple[Finding, Saving | None]]:
    """The fixes of one pass: the most valuable first, none that touches the instructions of another."""
    priced.sort(key=lambda item: (-(item[1].worth if item[1] else 0.0), -_fix(item[0]).applicability, item[0].span, item[0].code))
    taken: list[Span] = []
    chosen = []
    for finding, saving in priced:
        # all that a fix may have looked at between its edits: its proof holds for this text only
        hull = doc.enclosing(*(edit.span for edit in _fix(finding).edits))
        index = bisect_left(taken, hull)
        if any(hull.overlaps(other) for other in taken[max(index - 1, 0) : index + 1]):
            continue
        taken.insert(index, hull)
        chosen.append((finding, saving))
    return chosen


def _make(doc: Dockerfile, chosen: list[tuple[Finding, Saving | None]], run: _Run) -> Dockerfile | None:
    """The file with all chosen fixes; None when one of them broke it, which is then banned."""
    following = _spliced(doc, [finding for finding, _ in chosen])
    if len(following.problems) <= len(doc.problems):
        return following
    kept: list[Finding] = []
    guilty = []
    for item in chosen:
        if len(_spliced(doc, [*kept, item[0]]).problems) > len(doc.problems):
            guilty.append(item)
        else:
            kept.append(item[0])
    _drop(doc, guilty, run, "the result would not parse")
    return None


def _spliced(doc: Dockerfile, findings: list[Finding]) -> Dockerfile:
    return parse(apply(doc.text, [edit for finding in findings for edit in _fix(finding).edits]))


def _drop(doc: Dockerfile, chosen: list[tuple[Finding, Saving | None]], run: _Run, reason: str) -> None:
    for finding, _ in chosen:
        run.banned.add(_key(doc, finding))
        run.dropped.append(Dropped(finding.code, _fix(finding).title, run.origins.line(doc.line(finding.span.start)), reason))
