"""What came of one step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from .bounded import Amount
    from .layer_contents import Ledger
    from .run_work import RunWork


class StepResult(Struct, frozen=True, eq=False):
    """What came of a step, which is no longer changed: the file system behind it, bytes added and shipped, work."""

    ledger: Ledger
    adds: Amount
    ships: Amount
    work: RunWork
