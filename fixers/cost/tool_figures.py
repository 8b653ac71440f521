"""Figures of package managers, builders and machines, read from `data/managers.toml`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dockerlint.lint.catalogue import tables
from dockerlint.lint.catalogue.basis import Basis

from .bounded import Amount

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA = "fixers/cost/data/managers.toml"


class Figure(Struct, frozen=True):
    """A figure with its unit, where it is from and since when."""

    amount: Amount
    unit: str
    source: str
    date: str


@cache
def figure(name: str) -> Figure:
    """The figure of a dotted name such as `apt.lists.debian`; raises KeyError for a name that is not in the file."""
    entry: Any = _data()
    for part in name.split("."):
        entry = entry.get(part) if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or "value" not in entry:
        raise KeyError(f"no figure {name!r} in {DATA}")
    low, mid, high = entry["value"]
    return Figure(Amount(low, mid, high, Basis(entry["basis"])), entry["unit"], entry["source"], entry["date"])


def amount(name: str) -> Amount:
    """The value of `figure(name)`."""
    return figure(name).amount


def latest() -> str:
    """The date of the youngest figure."""
    return max(_dates(_data()))


def _dates(entry: dict[str, Any]) -> Iterator[str]:
    for key, value in entry.items():
        if isinstance(value, dict):
            yield from _dates(value)
        elif key == "date":
            yield str(value)


@cache
def _data() -> dict[str, Any]:
    return tables.table(DATA)
