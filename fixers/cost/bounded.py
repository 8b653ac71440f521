"""Figures with bounds: bytes, seconds or ratios that say how sure they are and where they are from."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.lint.catalogue.basis import Basis

if TYPE_CHECKING:
    from collections.abc import Iterable

_BASES = list(Basis)


class Amount(Struct, frozen=True):
    """A figure in bytes or seconds.

    A part that nobody knows is never invented: `Amount.unknown()` adds nothing to `low` and `mid` and makes `high`
    infinite, so a sum with an unknown part shows what is known and says, by `is_complete`, that there is more.
    """

    # the lower bound of the known parts
    low: float
    # the likely value of the known parts
    mid: float
    # the upper bound; infinite when a part is not known
    high: float
    # the worst basis of the known parts; None when no part is known
    basis: Basis | None

    def __post_init__(self) -> None:
        if not self.low <= self.mid <= self.high:
            raise ValueError(f"bounds out of order: {self.low} <= {self.mid} <= {self.high} does not hold")

    @classmethod
    def exact(cls, value: float, basis: Basis = Basis.MEASURED) -> Amount:
        """A value without doubt, such as a file's size."""
        return cls(value, value, value, basis)

    @classmethod
    def around(cls, value: float, low: float, high: float, basis: Basis) -> Amount:
        """A value >= 0 with bounds given as factors of it."""
        return cls(value * low, value, value * high, basis)

    @classmethod
    def unknown(cls) -> Amount:
        """What nobody knows."""
        return cls(0.0, 0.0, math.inf, None)

    @property
    def is_known(self) -> bool:
        """Whether any part of it is known."""
        return self.basis is not None

    @property
    def is_complete(self) -> bool:
        """Whether no part of it is unknown."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    def __add__(self, other: Amount) -> Amount:
        # no doubt and no bytes: the basis of such a part says nothing about the sum
        if not other.high and not other.low and other.basis is Basis.MEASURED:
            return self
        if not self.high and not self.low and self.basis is Basis.MEASURED:
            return other
        return Amount(self.low + other.low, self.mid + other.mid, self.high + other.high, worst((self, other)))

    def __sub__(self, other: Amount) -> Amount:
        """The difference of two figures that do not depend on each other; bounds may be below 0."""
        return Amount(self.low - other.high, self.mid - other.mid, self.high - other.low, worst((self, other)))

    def __mul__(self, factor: float) -> Amount:
        """Scaled by a number; nothing of the unknown is exactly nothing."""
        if factor == 0:
            return ZERO
        bounds = sorted((self.low * factor, self.high * factor))
        return Amount(bounds[0], self.mid * factor, bounds[1], self.basis)

    __rmul__ = __mul__

    def times(self, other: Amount) -> Amount:
        """The product of two figures >= 0, such as bytes and seconds a byte; the unknown leaves it unknown."""
        if not (self.is_complete and other.is_complete):
            return Amount.unknown()
        basis = worst((self, other))
        return Amount(self.low * other.low, self.mid * other.mid, self.high * other.high, basis)

    def guessed(self) -> Amount:
        """The same figure, as no more than a heuristic."""
        return self if self.basis is None else Amount(self.low, self.mid, self.high, Basis.HEURISTIC)

    def as_json(self) -> dict[str, float | str | None]:
        """For machines: `high` is null where there is no upper bound, and so on; `basis` is null where unknown."""
        values = {"low": self.low, "mid": self.mid, "high": self.high}
        finite = {name: value if math.isfinite(value) else None for name, value in values.items()}
        return {**finite, "basis": self.basis.value if self.basis else None}


ZERO = Amount.exact(0.0)


def worst(amounts: Iterable[Amount]) -> Basis | None:
    """The worst basis of the known ones; None when none is known."""
    found: Basis | None = None
    for amount in amounts:
        basis = amount.basis
        if basis is found or basis is None:
            continue
        if found is None or _BASES.index(basis) > _BASES.index(found):
            found = basis
    return found


def total(amounts: Iterable[Amount]) -> Amount:
    """The sum; an exact 0 of none."""
    # as `+` adds them, but without an amount for each on the way
    parts = [amount for amount in amounts if amount.high or amount.low or amount.basis is not Basis.MEASURED]
    if len(parts) <= 1:
        return parts[0] if parts else ZERO
    low, mid, high = parts[0].low, parts[0].mid, parts[0].high
    for part in parts[1:]:
        low += part.low
        mid += part.mid
        high += part.high
    return Amount(low, mid, high, worst(parts))


def longest(amounts: Iterable[Amount]) -> Amount:
    """The largest of several, for work done side by side; an exact 0 of none.

    Only figures that may be the largest count for the basis.
    """
    every = list(amounts)
    if len(every) <= 1:
        return every[0] if every else ZERO
    low = max(amount.low for amount in every)
    candidates = [amount for amount in every if amount.high >= low]
    mid, high = max(amount.mid for amount in every), max(amount.high for amount in every)
    return Amount(low, mid, high, worst(candidates))


def transfer(size: Amount, rate: Amount) -> Amount:
    """Seconds that bytes take at a rate; of a size that is known in part, that part's seconds and an unknown rest."""
    if size == ZERO:
        return ZERO
    slowness = Amount(1 / rate.high, 1 / rate.mid, 1 / rate.low, rate.basis)
    return size.times(slowness) if size.is_complete else slowness * size.mid + Amount.unknown()


def share(size: Amount, ratio: Amount) -> Amount:
    """A ratio of a size; of one that is known in part, that part's share and an unknown rest."""
    return size.times(ratio) if size.is_complete else ratio * size.mid + Amount.unknown()


def scaled(part: Amount, whole: Amount, known: Amount) -> Amount:
    """A part of a whole that turned out to be `known`, in the same proportion, and no more than that."""
    if part == ZERO or not known.mid:
        return ZERO
    factor = known.mid / whole.mid if whole.mid else 1.0
    low, mid, high = (min(value * factor, known.mid) for value in (part.low, part.mid, part.high))
    return Amount(low, mid, high, part.basis)
