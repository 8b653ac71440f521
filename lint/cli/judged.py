"""What `dlint cost` found of one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from dockerlint.fixers.cost.cost_model import Estimate

    from .cost_speed import Speed


class Judged(Struct, frozen=True):
    """A file's estimate, and its two sides, before and after its safe fixes, by the figures that both have in common.

    `fast` is how fast network and machine are taken to be, `changes` say what the fixes do. There are no sides where
    there are no fixes, or nobody asked.
    """

    found: Estimate
    fast: Speed
    sides: tuple[Estimate, Estimate] | None = None
    changes: tuple[str, ...] = ()
