"""Applies fixes until nothing changes: choose among those that conflict, splice, parse again, repeat."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Saving
from dockerlint.lint.engine.rule import is_economic
from dockerlint.lint.syntax.parser import parse

from .edits import apply, are_apart
from .line_origins import LineOrigins

if TYPE_CHECKING:
    from dockerlint.lint.syntax.nodes import Dockerfile
    from dockerlint.lint.syntax.span import Span

Find = Callable[["Dockerfile"], Sequence[Finding]]
Worth = Callable[["Dockerfile", Sequence[Finding]], Sequence[Saving | None]]
# What the second text saves against the first; None when it costs the same, or nobody can tell.
Whole = Callable[["Dockerfile", "Dockerfile"], Saving | None]

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
# To leave a fix out and price the rest takes as long: so many fixes of a pass are tried.
MOST_TRIED = 20
DEAR = "by dlint's own figures it costs more than it saves"


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
    """The fixed text, and what was done; `declined` are the fixes that would have cost more than they save: code and source."""

    text: str
    applied: tuple[Applied, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    settled: tuple[Settled, ...] = ()
    # the lines of `text` as they were
    origins: LineOrigins = field(default_factory=lambda: LineOrigins((1,)))
    declined: frozenset[tuple[str, str]] = frozenset()


class _Run(Struct):
    """The state of one `fix`."""

    origins: LineOrigins
    applied: list[Applied] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    banned: set[tuple[str, str]] = field(default_factory=set)
    declined: set[tuple[str, str]] = field(default_factory=set)


def fix(text: str, find: Find, *, unsafe: bool = False, worth: Worth | None = None, whole: Whole | None = None) -> FixOutcome:
    """Makes the safe fixes (with `unsafe` the others too) of what `find` finds, until there are none left.

    `worth` prices findings: of fixes that conflict the one that saves more goes first. `whole` prices the fixes together: those
    of rules that are there to save are not made where the text costs less without them. A fix that would break a file that
    parsed, or bring back an earlier text, is not made and stands in `dropped`; so do all of a rule whose fixes come to no end.
    """
    endless: list[Dropped] = []
    dear: set[str] = set()
    doc = parse(text)
    while True:
        wanted = _without(find, {item.code for item in endless} | dear)
        outcome, last, going = _fixed(doc, wanted, unsafe=unsafe, worth=worth, whole=whole)
        endless += [Dropped(item.code, item.title, item.line, ENDLESS) for item in going]
        if going:
            continue
        code = _dearest(whole(doc, last), outcome.applied) if whole and outcome.applied else None
        if code is None:
            declined = outcome.declined | ({_key(doc, item) for item in find(doc) if item.code in dear and item.fix} if dear else set())
            return replace(outcome, dropped=(*outcome.dropped, *endless), declined=declined)
        dear.add(code)


def _without(find: Find, codes: set[str]) -> Find:
    return lambda doc: [item for item in find(doc) if item.code not in codes]


def _dearest(saving: Saving | None, applied: Sequence[Applied]) -> str | None:
    """The rule, of those that are there to save, to do without, as the fixes together cost more than they save.

    None when they do not, but for what fixes of other rules say that they cost.
    """
    told = sum(min(item.saving.worth, 0.0) for item in applied if item.saving and not is_economic(item.code))
    if saving is None or saving.worth - told >= 0:
        return None
    sums: dict[str, float] = {}
    for item in applied:
        if is_economic(item.code):
            sums[item.code] = sums.get(item.code, 0.0) + (item.saving.worth if item.saving else 0.0)
    return min(sums, key=lambda code: sums[code], default=None)


def _fixed(doc: Dockerfile, find: Find, *, unsafe: bool, worth: Worth | None, whole: Whole | None) -> tuple[FixOutcome, Dockerfile, list[Applied]]:
    """What was done, and the fixed file; and a fix of each rule that still made some when the passes ran out, none when it settled."""
    least = Applicability.UNSAFE if unsafe else Applicability.SAFE
    run = _Run(LineOrigins.of(doc.text))
    start = doc
    seen = {doc.text}
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
        if whole:
            chosen, following = _paying(doc, chosen, following, whole, run)
        if not chosen:
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
        return FixOutcome(start.text, origins=LineOrigins.of(start.text)), start, list(last.values())
    made = {(item.code, item.line) for item in run.applied}
    there = {(item.code, item.line) for item in _standing(doc, every, run)}
    settled = (item for item in first or () if (item.code, item.line) not in made | there)
    outcome = FixOutcome(doc.text, tuple(run.applied), tuple(run.dropped), tuple(settled), run.origins, frozenset(run.declined))
    return outcome, doc, []


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


def _paying(
    doc: Dockerfile, chosen: list[tuple[Finding, Saving | None]], following: Dockerfile, whole: Whole, run: _Run
) -> tuple[list[tuple[Finding, Saving | None]], Dockerfile]:
    """The fixes of a pass and the file with them, without those that are there to save and that the others do better without.

    One that costs by itself may save together with others: two clean-ups of one cache do.
    """
    costly = [item for item in chosen if item[1] and item[1].worth < 0 and is_economic(item[0].code)]
    for item in costly[:MOST_TRIED]:
        rest = [other for other in chosen if other is not item]
        without = _spliced(doc, [finding for finding, _ in rest]) if rest else doc
        saving = whole(without, following)
        if saving is not None and saving.worth < 0:
            run.banned.add(_key(doc, item[0]))
            run.declined.add(_key(doc, item[0]))
            chosen, following = rest, without
    return chosen, following


def _spliced(doc: Dockerfile, findings: list[Finding]) -> Dockerfile:
    return parse(apply(doc.text, [edit for finding in findings for edit in _fix(finding).edits]))


def _drop(doc: Dockerfile, chosen: list[tuple[Finding, Saving | None]], run: _Run, reason: str) -> None:
    for finding, _ in chosen:
        run.banned.add(_key(doc, finding))
        run.dropped.append(Dropped(finding.code, _fix(finding).title, run.origins.line(doc.line(finding.span.start)), reason))
