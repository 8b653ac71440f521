"""Sizes of packages of language registries and of all that they need: npm's, Python's and the others'."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dockerlint.lint.findings import Basis

from .figures import ZERO, Amount, total
from .managers import amount
from .packages import wheel

if TYPE_CHECKING:
    from .manifests import Packages
    from .recipes import Recipe

DATA = Path(__file__).parent / "data"
UNKNOWN = Amount.unknown()


def wheels(lists: list[Packages | None]) -> tuple[Amount, Amount]:
    """Installed bytes of Python packages and all that they need, and how many there are."""
    open_names = [name for found in lists if found and not found.closed for name in found.names]
    names = {_python_name(name) for found in lists if found for name in found.names}
    asked = {_python_name(name) for name in open_names}
    todo = list(names)
    while todo:
        fresh = {_python_name(name) for name in needs(todo.pop()) or ()} - names
        names |= fresh
        todo += fresh
    other = amount("pip.other_package")
    sizes = [wheel_size(name) or other for name in sorted(names)]
    strangers = sum(needs(name) is None and wheel_size(name) is None for name in asked)
    more = amount("pip.closure") + Amount.exact(-1.0)
    count = Amount.exact(float(len(names))) + more * strangers
    return total(sizes) + other.times(more * strangers) if strangers else total(sizes), count


def _python_name(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def listed(found: Packages | None, known: Recipe) -> tuple[Amount, Amount]:
    """Installed bytes of a project's packages, and how many there are; unknown without a list."""
    base = amount(known.base) if known.base else ZERO
    if found is None or not known.installed:
        return base + UNKNOWN, UNKNOWN
    if not found.names:
        return base, ZERO
    sizes = [npm_size(name) if known.packages == "npm" else None for name in found.names]
    special = [size for size in sizes if size is not None]
    count = Amount.exact(float(len(sizes)), Basis.INDEXED)
    if not found.closed:
        count = count.times(amount(known.closure or "packages.closure"))
    rest = Amount(count.low - len(special), count.mid - len(special), count.high - len(special), count.basis)
    return base + total(special) + rest.times(amount(known.installed)), count


def npm_size(name: str) -> Amount | None:
    """Bytes of a package of the npm registry that is far from the average; None for all others."""
    data = _data()["npm"]
    size = data["installed_mb"].get(name)
    low, high = data["spread"]
    return None if size is None else Amount.around(size * 1e6, low, high, Basis.HEURISTIC)


def wheel_size(name: str) -> Amount | None:
    """Installed bytes of a Python package, without what it needs; None where only the average is known."""
    known = wheel(name)
    if known is not None:
        return known.installed
    size = _data()["wheels"]["installed_mb"].get(name)
    low, high = _data()["wheels"]["spread"]
    return None if size is None else Amount.around(size * 1e6, low, high, Basis.HEURISTIC)


def needs(name: str) -> tuple[str, ...] | None:
    """The packages that a Python package needs directly; None where that is not known."""
    table = _data()["wheels"]["needs"]
    return tuple(table[name]) if name in table else None


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads((DATA / "registry.toml").read_text(encoding="utf-8"))
