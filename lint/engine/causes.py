"""Which findings have one cause: those of related rules at one place, by the table causes.toml."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dockerlint.lint.catalogue import tables
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping, Sequence

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Instruction
    from dockerlint.lint.syntax.span import Span

    from .file_report import Priced

DATA = "lint/catalogue/data/causes.toml"
PLACE, TOOL, STAGE = "place", "tool", "stage"


class _Relation(Struct, frozen=True):
    """A kind of cause that several rules find."""

    # its name in the table
    name: str
    # where findings must be to have one cause: PLACE, TOOL or STAGE
    at: str
    # whether the remedies exclude one another
    exclusive: bool


class _Relations(Struct, frozen=True):
    """The table by the codes of rules: what each may find, and its place in the table."""

    of: Mapping[str, tuple[_Relation, ...]]
    ranks: Mapping[str, int]


@cache
def _relations() -> _Relations:
    of = defaultdict[str, tuple[_Relation, ...]](tuple)
    ranks: dict[str, int] = {}
    for name, row in tables.table(DATA).items():
        relation = _Relation(name, row["at"], row.get("exclusive", False))
        for code in row["codes"]:
            of[code] += (relation,)
            ranks.setdefault(code, len(ranks))
    return _Relations(dict(of), ranks)


def joined(items: Sequence[Priced], facts: Facts) -> tuple[Priced, ...]:
    """The findings of a file, with `cause` and `rank` where several have one cause.

    Rank 0 has the one that the table names first or, where the remedies exclude one another, the one whose fix `--fix` would
    make. hadolint tells each finding by itself, and so does its preset.
    """
    known = _relations()
    if facts.as_hadolint or sum(item.finding.code in known.of for item in items) < 2:
        return tuple(items)
    found = list(items)
    for number, members in enumerate(_groups(items, facts, known)):
        is_exclusive = any(relation.exclusive for at in members for relation in known.of[items[at].finding.code])
        for rank, at in enumerate(sorted(members, key=lambda at: _order(items[at], known, by_remedy=is_exclusive))):
            found[at] = replace(items[at], cause=number, rank=rank)
    return tuple(found)


def _order(item: Priced, known: _Relations, *, by_remedy: bool) -> tuple[float, ...]:
    by_table = known.ranks[item.finding.code], item.finding.span.start
    if not by_remedy:
        return by_table
    return (-item.finding.fix.applicability if item.finding.fix else 1, -item.worth, *by_table)


def _groups(items: Sequence[Priced], facts: Facts, known: _Relations) -> list[list[int]]:
    """The findings of each cause that several have, by their numbers in `items`."""
    places = _Places(facts)
    members = defaultdict[tuple[str, "Hashable"], list[int]](list)
    related = [(at, item, relation) for at, item in enumerate(items) for relation in known.of.get(item.finding.code, ())]
    for at, item, relation in related:
        key = places.key(item, relation.at)
        if key is not None:
            members[relation.name, key].append(at)
    own = set(members)
    for at, item, relation in related:
        elsewhere = own & {(relation.name, key) for key in places.mended(item)} if relation.at == TOOL else set()
        # of several it is not known which
        if len(elsewhere) == 1:
            members[elsewhere.pop()].append(at)
    return _united(group for group in members.values() if len(group) > 1)


def _united(groups: Iterable[list[int]]) -> list[list[int]]:
    """The groups, those with a member in common as one."""
    above: dict[int, int] = {}

    def top(at: int) -> int:
        while (higher := above.setdefault(at, at)) != at:
            above[at] = above[higher]
            at = higher
        return at

    for first, *rest in groups:
        for at in rest:
            above[top(at)] = top(first)
    united = defaultdict[int, list[int]](list)
    for at in sorted(above):
        united[top(at)].append(at)
    return list(united.values())


class _Places(Struct, frozen=True):
    """Where findings are, as the table tells places apart."""

    facts: Facts

    def key(self, item: Priced, at: str) -> Hashable:
        """What findings at one place have in common; None where that is not known."""
        start = item.finding.span.start
        node = self._instruction(start)
        if at == PLACE or node is None:
            return start if at == PLACE else None
        if at == STAGE:
            stage = self.facts.find_stage(node)
            return stage.span.start if stage else None
        return next((key for key, command in self._tools(node) if command.start <= start < command.end), None)

    def mended(self, item: Priced) -> set[Hashable]:
        """The tools of the other RUNs that a fix changes, as `key` tells them."""
        own = self._instruction(item.finding.span.start)
        edits = item.finding.fix.edits if item.finding.fix else ()
        changed = {id(node): node for edit in edits if (node := self._instruction(edit.span.start)) and node is not own}
        return {key for node in changed.values() for key, _ in self._tools(node)}

    def _tools(self, node: Instruction) -> list[tuple[tuple[int, str], Span]]:
        if not isinstance(node, nodes.Run):
            return []
        return [((node.span.start, call.tool.name), call.command.span) for call in self.facts.invocations(node)]

    def _instruction(self, offset: int) -> Instruction | None:
        every = self.facts.doc.instructions
        index = bisect_right(every, offset, key=lambda node: node.span.start) - 1
        return every[index] if index >= 0 and offset <= every[index].span.end else None
