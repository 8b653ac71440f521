"""What the page is told of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from dockerlint.fixers.cost.bounded import Amount
    from dockerlint.fixers.cost.cost_model import Estimate


class EstimatePair(Struct, frozen=True):
    """Two estimates to hold against each other, and how they are called; `changes` say what makes the second of the first.

    `is_compared` says that they are two files, not one before and after its fixes.
    """

    sides: tuple[Estimate, Estimate]
    names: tuple[str, str]
    changes: tuple[str, ...] = ()
    is_compared: bool = False


class EstimateView(Struct, frozen=True):
    """A file: its estimate, what to hold it against, and the speeds that were asked for (bytes a second, a factor)."""

    found: Estimate
    pair: EstimatePair | None = None
    network: Amount | None = None
    machine: float = 1.0
