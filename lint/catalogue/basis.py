"""Where a figure is from."""

from __future__ import annotations

from enum import Enum


class Basis(Enum):
    """Where a figure comes from, best first."""

    MEASURED = "measured"
    INDEXED = "indexed"
    HEURISTIC = "heuristic"
