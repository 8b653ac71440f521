"""What rules say: plain values with places in the Dockerfile's text."""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.lint.storage.lazy_regex import regex

if TYPE_CHECKING:
    from dockerlint.lint.catalogue.basis import Basis
    from dockerlint.lint.syntax.span import Edit, Span

# One second of every build is put on a level with this many bytes of image, to order savings on one scale.
BYTES_A_SECOND = 5_000_000
# Less than this a report does not tell.
LEAST_BYTES, LEAST_SECONDS = 10_000, 0.1
# No name of a file is longer; nobody reads a longer sentence.
LONGEST_WORD, LONGEST_SENTENCE = 300, 4000
_LONG_WORD = regex(rf"\S{{{LONGEST_WORD + 1},}}")


Bounds = tuple[float, float]


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

    # what it does, as an imperative
    title: str
    # changes of the file's text; none overlaps another
    edits: tuple[Edit, ...]
    # how far it may be trusted
    applicability: Applicability


class Finding(Struct, frozen=True):
    """One thing that a rule found."""

    # the place in the Dockerfile's text
    span: Span
    # what is there and what follows from it, without the place
    message: str
    # None when there is none
    fix: Fix | None = None
    # the rule's; a rule leaves it out, and `rule.coded` puts it in
    code: str = ""


class Saving(Struct, frozen=True):
    """What a fix is worth; negative when it costs."""

    # bytes by which the image shrinks, uncompressed
    image_bytes: float
    # seconds by which a build gets shorter, averaged over what may have changed
    rebuild_seconds: float
    # the worst basis of the figures behind it
    basis: Basis
    # least and most bytes and seconds; None where no bounds are known
    bytes_bounds: Bounds | None = None
    seconds_bounds: Bounds | None = None

    @property
    def is_told(self) -> bool:
        """Whether it is enough to be told."""
        return self.image_bytes >= LEAST_BYTES or self.rebuild_seconds >= LEAST_SECONDS

    @property
    def worth(self) -> float:
        """Both on one scale, in seconds a build."""
        return self.rebuild_seconds + self.image_bytes / BYTES_A_SECOND


def shortened(sentence: str) -> str:
    """A sentence about something that somebody else named: of a name that is too long to read both ends stay."""
    if len(sentence) <= LONGEST_WORD:
        return sentence
    short = _LONG_WORD.sub(lambda word: _ends(word[0], 200, 80), sentence)
    return short if len(short) <= LONGEST_SENTENCE else _ends(short, 3000, 800)


def _ends(text: str, head: int, tail: int) -> str:
    return f"{text[:head]}...{text[-tail:]}"
