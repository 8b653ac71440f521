"""Reorders the steps of a stage: the moves that make rebuilds cheapest, and the edits that move instructions."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.fixers.edits import delete_lines, insert, with_comments
from dockerlint.fixers.effects.footprint import Clash, commands
from dockerlint.fixers.effects.precedence import Precedence, is_steady
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.span import Span

from .optimal import Case, best_order, cost

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile, Instruction
    from dockerlint.lint.syntax.span import Edit

    from .change_cases import ChangeCases

# How many instructions a step may pass: far more than there are in any file that is written by hand.
FARTHEST = 100
# How many instructions are put into order together.
WIDEST = 2 * FARTHEST
# How many steps that need a moved one may go along with it.
MOST_COMPANY = 8
# Expected seconds a build that a new order must save.
LEAST_GAIN = 0.01
# What no other instruction but of its own kind minds to be passed by.
METADATA = (
    nodes.Label,
    nodes.Expose,
    nodes.CommandInstruction,
    nodes.Stopsignal,
    nodes.Healthcheck,
    nodes.Maintainer,
    nodes.Onbuild,
)


class OrderPlan(Struct, frozen=True):
    """A better order of some instructions of a stage."""

    # the instructions that move, each with the one that it goes right below
    moves: tuple[tuple[Instruction, Instruction], ...]
    # by a moved instruction's place in the text: the instructions that it goes below and was above before
    passed: dict[int, tuple[Instruction, ...]]

    def passes(self, node: Instruction) -> tuple[Instruction, ...]:
        """The instructions that a moved one goes below and stood above before, in their order."""
        return self.passed.get(node.span.start, ())


def is_costly(facts: Facts, run: nodes.Run) -> bool:
    """Whether a RUN installs, downloads or compiles: what one does not want to wait for after an edit."""
    known = commands()
    if any(item.action in ("install", "refresh", "upgrade", "build") for item in facts.invocations(run)):
        return True
    return any(command.name in known.downloads or command.name in known.compilers for command in facts.commands(run))


def is_from_context(node: Instruction) -> bool:
    """Whether a COPY or ADD brings files of the build context, which may be edited."""
    return isinstance(node, nodes.Copy) and node.from_ is None and not node.heredocs and bool(node.paths)


class Reorder:
    """Finds better orders of the steps of one file."""

    def __init__(self, facts: Facts) -> None:
        # the facts of the file
        self._facts = facts
        # which instructions must keep their order
        self._relation = Precedence(facts)

    def plans(self, stage: nodes.Stage, most: Clash) -> Iterator[OrderPlan]:
        """The moves that make rebuilds of a stage cheaper, where no pair with a clash above `most` changes places.

        Copies of the context go below costly steps, with the steps that need them; how far, the cost model says.
        """
        for start, end, movable in _windows(self._facts, self._relation, stage.instructions, most):
            items = [node for node in stage.instructions[start : end + 1] if not isinstance(node, METADATA)]
            before = _before(self._relation, items, movable, most)
            cases = self._cases(stage, items)
            order = best_order(before, cases)
            if cost(range(len(items)), cases) - cost(order, cases) >= LEAST_GAIN:
                yield _plan(items, order, movable)

    def _cases(self, stage: nodes.Stage, items: Sequence[Instruction]) -> tuple[Case, ...]:
        """What may change, and the seconds of each item: as estimated, or by rule of thumb where there is no estimate."""
        found = self._changes.cases(stage, items)
        if found is not None:
            return found
        seconds = tuple(float(isinstance(item, nodes.Run) and is_costly(self._facts, item)) for item in items)
        return tuple(Case(1.0, 1 << place, seconds) for place, item in enumerate(items) if is_from_context(item))

    @cached_property
    def _changes(self) -> ChangeCases:
        # only a file with something to move needs the cost model
        from .change_cases import ChangeCases

        return ChangeCases(self._facts)


def move_below(doc: Dockerfile, moved: Sequence[Instruction], after: Instruction) -> tuple[Edit, ...] | None:
    """Moves instructions, each with the comments directly above it, to the lines after another; they keep their order.

    None when there is no such line: the text ends in the middle of a continuation.
    """
    line_end = doc.text.find("\n", after.span.end)
    if doc.escape in doc.text[after.span.end : line_end if line_end >= 0 else None]:
        return None
    spans = [with_comments(doc, node) for node in moved]
    gone = tuple(delete_lines(doc, span) for span in _joined(spans))
    texts = (doc.source(span) for span in spans)
    text = "".join(text if text.endswith("\n") else text + doc.newline for text in texts)
    if line_end >= 0:
        return *gone, insert(line_end + 1, text)
    return *gone, insert(len(doc.text), doc.newline + text.removesuffix("\n").removesuffix("\r"))


def _joined(spans: Sequence[Span]) -> list[Span]:
    """Spans of which none touches another."""
    joined: list[Span] = []
    for span in sorted(spans):
        if joined and joined[-1].end == span.start:
            span = Span(joined.pop().start, span.end)
        joined.append(span)
    return joined


def rewrite(doc: Dockerfile, plan: OrderPlan) -> tuple[Edit, ...] | None:
    """The edits of a plan; None when one of its moves cannot be made."""
    groups: dict[int, tuple[Instruction, list[Instruction]]] = {}
    for node, after in plan.moves:
        groups.setdefault(after.span.start, (after, []))[1].append(node)
    edits: list[Edit] = []
    for after, moved in groups.values():
        made = move_below(doc, moved, after)
        if made is None:
            return None
        edits += made
    return tuple(edits)


# ---------------------------------------------------------------- what may move how far


def _windows(
    facts: Facts, relation: Precedence, instructions: Sequence[Instruction], most: Clash
) -> list[tuple[int, int, frozenset[int]]]:
    """Parts of a stage, from a copy to the last costly step that it may go below, and what may move there (by its place in
    the text); parts that overlap are one, as long as it is not too big.
    """
    found: list[tuple[int, int, frozenset[int]]] = []
    costly = (at for at in range(len(instructions) - 1, 0, -1) if _is_costly(facts, instructions[at]))
    last = next(costly, 0)
    for index, node in enumerate(instructions[:last]):
        if not is_from_context(node):
            continue
        reach = _reach(facts, relation, instructions, index, most)
        if reach is None:
            continue
        end, company = reach
        if found and index <= found[-1][1]:
            start, before, others = found.pop()
            found.append((start, max(before, min(end, start + WIDEST)), others | company))
        else:
            found.append((index, end, company))
    return found


def _reach(
    facts: Facts, relation: Precedence, instructions: Sequence[Instruction], index: int, most: Clash
) -> tuple[int, frozenset[int]] | None:
    """The last costly step that a copy may go below, and what goes there with it: the copy and what needs it."""
    company = [instructions[index]]
    best: tuple[int, frozenset[int]] | None = None
    for at in range(index + 1, min(index + 1 + FARTHEST, len(instructions))):
        node = instructions[at]
        if isinstance(node, METADATA):
            continue
        if any(relation.level(moved, node) > most for moved in company):
            if len(company) > MOST_COMPANY or not _may_move(facts, node):
                break
            company.append(node)
        elif _is_costly(facts, node):
            best = at, frozenset(moved.span.start for moved in company)
    return best


def _is_costly(facts: Facts, node: Instruction) -> bool:
    return isinstance(node, nodes.Run) and is_costly(facts, node)


def _may_move(facts: Facts, node: Instruction) -> bool:
    return isinstance(node, nodes.Copy) or (isinstance(node, nodes.Run) and is_steady(facts, node))


def _before(relation: Precedence, items: Sequence[Instruction], movable: frozenset[int], most: Clash) -> list[int]:
    """For each item a mask of those that must stay above it: steps go down only, and what does not move keeps its order."""
    before = []
    fixed = 0
    for place, item in enumerate(items):
        moves = item.span.start in movable
        others = [other for other in range(place) if not fixed >> other & 1]
        mask = fixed
        for other in others:
            if relation.level(items[other], item) > most:
                mask |= 1 << other
        before.append(mask)
        fixed |= 0 if moves else 1 << place
    return before


def _plan(items: Sequence[Instruction], order: Sequence[int], movable: frozenset[int]) -> OrderPlan:
    """The moves that turn file order into another one, in which nothing goes up past what does not move."""
    places = {item: place for place, item in enumerate(order)}
    stay: set[int] = set()
    for item in reversed(range(len(items))):
        if items[item].span.start not in movable or all(places[item] < places[other] for other in stay if other > item):
            stay.add(item)
    moves, passed = [], {}
    anchor = -1
    for place, item in enumerate(order):
        if item in stay:
            anchor = item
            continue
        moves.append((items[item], items[anchor]))
        passed[items[item].span.start] = tuple(items[other] for other in sorted(order[:place]) if other > item)
    return OrderPlan(tuple(moves), passed)
