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

    @property
    def worth(self) -> float:
        """The saving on one scale, in seconds a build; 0 when it is not known."""
        return self.saving.worth if self.saving else 0.0


class Fixed(Struct, frozen=True):
    """A fix that was made."""

    # its rule's code
    code: str
    # what it did
    title: str
    # the line that it was found on, from 1
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


class FileReport(Struct, frozen=True):
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
