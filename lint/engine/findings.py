"""What rules say: plain values with places in the Dockerfile's text."""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from dockerlint.lint.catalogue.basis import Basis
    from dockerlint.lint.syntax.span import Edit, Span

# One second of every build is put on a level with this many bytes of image, to order savings on one scale.
BYTES_A_SECOND = 5_000_000


class Severity(Enum):
    """How bad a finding is; the names are the command line's."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    STYLE = "style"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return _RANKS[self.value]

    def at_least(self, other: Severity) -> bool:
        """Whether this is as bad as `other`, or worse."""
        return self.rank <= other.rank


_RANKS = {severity.value: rank for rank, severity in enumerate(Severity)}


class Applicability(IntEnum):
    """How far a fix may be trusted: shown only, changes behaviour perhaps, proven to keep behaviour."""

    DISPLAY = 0
    UNSAFE = 1
    SAFE = 2


class Fix(Struct, frozen=True):
    """Edits that belong together: all of them are made, or none."""

    title: str
    edits: tuple[Edit, ...]
    applicability: Applicability


class Finding(Struct, frozen=True):
    """One thing that a rule found: where it is, what it is, and the fix where there is one.

    `code` is the rule's; a rule leaves it out, and its findings take it (`rule.rule`).
    """

    span: Span
    message: str
    fix: Fix | None = None
    code: str = ""


class Saving(Struct, frozen=True):
    """What a fix is worth: bytes of image (uncompressed), seconds a build; both positive when it helps."""

    image_bytes: float
    rebuild_seconds: float
    basis: Basis

    @property
    def worth(self) -> float:
        """Both on one scale, in seconds a build."""
        return self.rebuild_seconds + self.image_bytes / BYTES_A_SECOND
