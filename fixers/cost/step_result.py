"""What came of one step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from .bounded import Amount
    from .layer_contents import Ledger
    from .run_work import RunWork


class StepResult(Struct, frozen=True, eq=False):
    """What came of a step. It is no longer changed."""

    # the file system that it leaves
    ledger: Ledger
    # bytes that it adds, uncompressed
    adds: Amount
    # as pushed and pulled, compressed
    ships: Amount
    # what it takes to run the step
    work: RunWork
