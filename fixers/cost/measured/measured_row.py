"""What was measured of one step of a build, as a builder tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

if TYPE_CHECKING:
    from dockerlint.fixers.cost.bounded import Amount


class MeasuredError(Exception):
    """Measured input that cannot be used; the message is a sentence that names it."""


class Figures(Struct, frozen=True):
    """What is known of a step: bytes uncompressed, compressed, and hidden by later layers; seconds. None where it is not.

    `saved` says that the bytes are of an earlier run, so that what the context holds now is nearer to the truth.
    """

    adds: int | None = None
    ships: int | None = None
    wasted: int | None = None
    seconds: Amount | None = None
    saved: bool = False

    @property
    def is_known(self) -> bool:
        """Whether there is any figure."""
        return any(value is not None for value in (self.adds, self.ships, self.wasted, self.seconds))

    def over(self, older: Figures) -> Figures:
        """These figures, and those of another measurement where there is none.

        Compressed and hidden bytes are of one layer: with another size of it they do not hold any more.
        """
        seconds = self.seconds if self.seconds is not None else older.seconds
        if self.adds is None:
            return replace(older, seconds=seconds)
        if self.adds != older.adds:
            return replace(self, seconds=seconds)
        ships = self.ships if self.ships is not None else older.ships
        wasted = self.wasted if self.wasted is not None else older.wasted
        return replace(self, ships=ships, wasted=wasted, seconds=seconds)


NOTHING = Figures()


class Row(Struct, frozen=True):
    """A line of a history or a step of a log: the builder's words for it and its figures.

    Of a log, `labels` are the words in the brackets before it, such as the stage's name; of a history, `empty` says that
    it has no layer.
    """

    text: str
    figures: Figures = NOTHING
    labels: tuple[str, ...] = ()
    empty: bool = False
