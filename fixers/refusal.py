"""Why a rewrite is not made."""

from __future__ import annotations

from msgspec import Struct


class Refusal(Struct, frozen=True):
    """Why a stage is not split, in words that finish `no fix: ...`."""

    reason: str
