"""What was found and fixed in one file: the values that reports are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from dockerlint.lint.syntax.lines import Lines
    from dockerlint.lint.syntax.span import Span

    from .findings import Finding, Saving, Severity
    from .rule import Rule


class Priced(Struct, frozen=True):
    """A finding with its rule, how bad it is here, and what mending it saves where that is known.

    `reach` are the instructions that its fix touches, from the first to the last.
    """

    finding: Finding
    rule: Rule
    severity: Severity
    saving: Saving | None = None
    reach: Span | None = None

    @property
    def worth(self) -> float:
        """The saving on one scale, in seconds a build; 0 when it is not known."""
        return self.saving.worth if self.saving else 0.0


class Fixed(Struct, frozen=True):
    """A fix that was made: its rule's code, what it did, the line it was found on, why, and what it saves."""

    code: str
    title: str
    line: int
    message: str = ""
    saving: Saving | None = None


class Gain(Struct, frozen=True):
    """A file's figures before and after its fixes: bytes of image, seconds of a build after a source edit.

    None where the two cannot be compared, as one of them holds an unknown that the other does not.
    """

    image: tuple[float, float] | None = None
    edit: tuple[float, float] | None = None


class FileReport(Struct, frozen=True):
    """One file: its path as it is shown, its text, what was found in it by place, what was fixed, and the gain."""

    path: str
    doc: Lines
    items: tuple[Priced, ...]
    fixed: tuple[Fixed, ...] = ()
    gain: Gain | None = None

    @property
    def independent(self) -> list[Priced]:
        """The most valuable findings whose fixes leave each other alone, so that their savings add up."""
        if not any(item.saving for item in self.items):
            return []
        taken: list[Span] = []
        chosen = []
        for item in self.by_worth:
            if item.saving is None or item.reach is None:
                continue
            if not any(item.reach.overlaps(other) for other in taken):
                taken.append(item.reach)
                chosen.append(item)
        return chosen

    @property
    def by_worth(self) -> list[Priced]:
        """The most valuable first; what has no known worth after that, the worst first, then by place."""
        return sorted(self.items, key=lambda item: (-item.worth, item.severity.rank, item.finding.span))
