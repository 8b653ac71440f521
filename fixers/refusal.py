"""Why a rewrite is not made."""

from __future__ import annotations

from msgspec import Struct


class Refusal(Struct, frozen=True):
    """Why there is no fix, in words that finish `no fix: ...`."""

    reason: str
