"""What was found and fixed in one file: the values that reports are made of."""

from __future__ import annotations

from enum import IntEnum
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from .findings import Applicability, Severity

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockerlint.lint.syntax.lines import Lines
    from dockerlint.lint.syntax.span import Span

    from .findings import Finding, Saving
    from .rule import Rule


# Others of one cause that a finding names.
MOST_RELATED = 20


class Priced(Struct, frozen=True):
    """A finding with what the report says besides."""

    # the finding
    finding: Finding
    # the rule that found it
    rule: Rule
    # how bad it is, by the configuration
    severity: Severity
    # what its fix saves; None when it has none or that is not known
    saving: Saving | None = None
    # from the first to the last instruction that its fix touches; None when it has no fix
    reach: Span | None = None
    # findings with the same number have one cause; None when it has one of its own
    cause: int | None = None
    # its place among those; 0 for the one that tells it
    rank: int = 0

    @property
    def worth(self) -> float:
        """The saving on one scale, in seconds a build; 0 when it is not known."""
        return self.saving.worth if self.saving else 0.0


class FindingGroup(Struct, frozen=True):
    """The findings of one cause: the one that tells it, and the others."""

    first: Priced
    others: tuple[Priced, ...] = ()

    @property
    def every(self) -> tuple[Priced, ...]:
        """All its findings."""
        return (self.first, *self.others)

    @property
    def severity(self) -> Severity:
        """The worst of its findings'."""
        return min((item.severity for item in self.every), key=lambda level: level.rank)

    @property
    def remedy(self) -> Priced | None:
        """The finding whose fix is advised: the first that has one which may be made."""
        return next((item for item in self.every if item.finding.fix and item.finding.fix.applicability > Applicability.DISPLAY), None)

    @property
    def saving(self) -> Saving | None:
        """What the remedy saves."""
        return (self.remedy or self.first).saving

    @property
    def heading(self) -> Heading:
        """Under which of three headings it belongs."""
        severity = self.severity
        is_security = any(item.rule.is_security and item.severity.at_least(Severity.WARNING) for item in self.every)
        if severity is Severity.ERROR or is_security:
            return Heading.URGENT
        return Heading.COSTLY if self.saving and self.saving.is_told else Heading.OTHER

    @property
    def order(self) -> tuple[object, ...]:
        """What to sort by: errors and security, then by worth, then the rest by level and place."""
        heading, worth = self.heading, self.saving.worth if self.saving else 0.0
        by_level = 0 if heading is Heading.COSTLY else self.severity.rank
        return heading, by_level, -worth, self.first.finding.span, self.first.finding.code


class Heading(IntEnum):
    """The headings of a report, the most urgent first."""

    URGENT = 0
    COSTLY = 1
    OTHER = 2


class Fixed(Struct, frozen=True):
    """A fix that was made, or could be."""

    # its rule's code
    code: str
    # what it did; empty when there is none
    title: str
    # the line that it was found on, from 1, of the file as it was
    line: int
    # the finding's message
    message: str = ""
    # what it saves; None when that is not known
    saving: Saving | None = None


class Gain(Struct, frozen=True):
    """A file's figures before and after its fixes; None where they cannot be compared, as only one of them has an unknown part."""

    # bytes of the image
    image: tuple[float, float] | None = None
    # seconds of a build after an edit of the source
    edit: tuple[float, float] | None = None


class FileReport(Struct, frozen=True, dict=True):
    """What was found and fixed in one file."""

    # the path as reports show it
    path: str
    # its text, with the fixes made
    doc: Lines
    # what is left in it, by place
    items: tuple[Priced, ...]
    # the fixes that were made or, for a diff, would be
    fixed: tuple[Fixed, ...] = ()
    # None when nothing was fixed, or nothing is to be priced
    gain: Gain | None = None
    # codes and lines, of the file as it was, of findings that are gone with the fixes of others
    settled: tuple[tuple[str, int], ...] = ()
    # the fixes that are left for `--unsafe-fixes`, and the findings that say why they have none; lines are those of the file as it
    # is now on disk
    left: tuple[Fixed, ...] = ()
    refused: tuple[Fixed, ...] = ()

    @property
    def independent(self) -> list[Priced]:
        """The most valuable of the remedies that are told and leave each other alone, so that their savings add up."""
        return self._apart(lambda saving: saving.worth)

    @property
    def together(self) -> list[Saving]:
        """Savings that add up: bytes of remedies that leave each other's bytes alone, and seconds of such."""
        sizes = (item.saving for item in self._apart(lambda saving: saving.image_bytes))
        times = (item.saving for item in self._apart(lambda saving: saving.rebuild_seconds))
        return [
            *(replace(saving, rebuild_seconds=0.0) for saving in sizes if saving),
            *(replace(saving, image_bytes=0.0) for saving in times if saving),
        ]

    def _apart(self, value: Callable[[Saving], float]) -> list[Priced]:
        """The remedies with the largest values of which none touches what another one touches."""
        told = (group.remedy or group.first for group in self.groups)
        valued = [(value(item.saving), item.reach, item) for item in told if item.saving and item.reach]
        taken: list[Span] = []
        chosen = []
        for worth, reach, item in sorted(valued, key=lambda row: -row[0]):
            if worth and not any(reach.overlaps(other) for other in taken):
                taken.append(reach)
                chosen.append(item)
        return chosen

    @cached_property
    def groups(self) -> list[FindingGroup]:
        """The findings by their causes, the most urgent first."""
        found: dict[object, list[Priced]] = {}
        for at, item in enumerate(self.items):
            found.setdefault(item.cause if item.cause is not None else (at,), []).append(item)
        ranked = (sorted(group, key=lambda item: item.rank) for group in found.values())
        return sorted((FindingGroup(first, tuple(others)) for first, *others in ranked), key=lambda group: group.order)

    def related(self, item: Priced) -> list[Priced]:
        """The other findings of the same cause, the one that tells it first; so many of them as a reader looks at."""
        if item.cause is None:
            return []
        return [other for other in self._by_cause[item.cause][: MOST_RELATED + 1] if other is not item]

    def is_primary(self, item: Priced) -> bool:
        """Whether it tells its cause for the others."""
        return item.cause is None or self._by_cause[item.cause][0] is item

    @cached_property
    def _by_cause(self) -> dict[int, list[Priced]]:
        found: dict[int, list[Priced]] = {}
        for item in sorted(self.items, key=lambda item: item.rank):
            if item.cause is not None:
                found.setdefault(item.cause, []).append(item)
        return found
