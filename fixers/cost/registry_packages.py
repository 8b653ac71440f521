"""Sizes of packages of language registries and of all that they need: npm's, Python's and the others'.

Packages that many projects use stand with what they need in `data/registry-npm.tsv.gz` and `data/registry-pip.tsv.gz`, made
by `bench/make_registry.py`; some more, remembered, in `data/registry.toml`; for all others an average must do.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dockerlint.lint.catalogue import tables
from dockerlint.lint.catalogue.basis import Basis

from .bounded import ZERO, Amount, total
from .tool_figures import amount

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .locked_packages import Packages
    from .work_recipes import WorkRecipe

DATA = Path(__file__).parent / "data"
UNKNOWN = Amount.unknown()
NPM, PIP = "npm", "pip"


class RegistryPackage(Struct, frozen=True):
    """A package as it was measured: bytes installed, without what it needs; bytes downloaded, 0 if not known; what it needs."""

    installed: int
    download: int
    needs: tuple[str, ...]


class Found(Struct, frozen=True):
    """Packages of a registry: bytes installed, how many there are, and bytes downloaded where each package tells."""

    size: Amount
    count: Amount
    download: Amount | None = None


def wheels(lists: Iterable[Packages | None]) -> Found:
    """Python packages and all that they need."""
    given = [found for found in lists if found]
    closed = {_python_name(name) for found in given if found.closed for name in found.names}
    asked = {_python_name(name) for found in given if not found.closed for name in found.names}
    return _found(PIP, closed, asked, "pip.other_package", "pip.closure", "pip.cache")


def listed(found: Packages | None, known: WorkRecipe) -> Found:
    """A project's packages; without a list at hand as many as projects have, unknown where nobody says how many."""
    base = amount(known.base) if known.base else ZERO
    if found is None and known.project_packages and known.installed:
        count = amount(known.project_packages)
        return Found(base + count.times(amount(known.installed)), count)
    if found is None or not known.installed:
        return Found(base + UNKNOWN, UNKNOWN)
    if not found.names:
        return Found(base, ZERO)
    if known.packages == NPM:
        # a package may be in a lock file more than once: other versions for other packages
        again = len(found.names) - len(set(found.names)) if found.closed else 0
        names = set(found.names)
        closed, asked = (names, set[str]()) if found.closed else (set[str](), names)
        of_npm = _found(NPM, closed, asked, known.installed, known.closure)
        more = Amount.exact(float(again), Basis.INDEXED)
        return Found(base + of_npm.size + more.times(amount(known.installed)), of_npm.count + more)
    count = Amount.exact(float(len(found.names)), Basis.INDEXED)
    if not found.closed:
        count = count.times(amount(known.closure or "packages.closure"))
    return Found(base + count.times(amount(known.installed)), count)


def unlisted(known: WorkRecipe) -> Amount:
    """The bytes of a project's packages whose list is not at hand."""
    if not known.project_packages:
        return UNKNOWN
    each = known.installed or "pip.other_package"
    return amount(known.project_packages).times(amount(each))


def _found(registry: str, closed: set[str], asked: set[str], other: str, closure: str, ratio: str = "") -> Found:
    """Packages with all that those that were asked for need; of strangers as many as is usual.

    `ratio` names the figure of downloaded to installed bytes, for packages whose download is not known.
    """
    names = sorted(closed | _closure(registry, asked))
    sizes = [package_size(registry, name) or amount(other) for name in names]
    strangers = sum(needs(registry, name) is None for name in asked)
    more = (amount(closure) + Amount.exact(-1.0)) * strangers
    rest = amount(other).times(more) if strangers else ZERO
    count = Amount.exact(float(len(names)), Basis.INDEXED) + more
    if not ratio:
        return Found(total(sizes) + rest, count)
    downloads = (_download(registry, name, size, ratio) for name, size in zip(names, sizes, strict=True))
    return Found(total(sizes) + rest, count, total(downloads) + rest.times(amount(ratio)))


def _download(registry: str, name: str, size: Amount, ratio: str) -> Amount:
    known = _table(registry).get(name)
    if known is None or not known.download:
        return size.times(amount(ratio))
    return _spread(known.download, registry, Basis.INDEXED)


def _closure(registry: str, names: set[str]) -> set[str]:
    found = set(names)
    todo = list(names)
    while todo:
        fresh = set(needs(registry, todo.pop()) or ()) - found
        found |= fresh
        todo += fresh
    return found


def _python_name(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def package_size(registry: str, name: str) -> Amount | None:
    """Installed bytes of a package, without what it needs; None where only the average is known."""
    remembered = _data()[registry]["installed_mb"].get(name)
    if remembered is not None:
        return _spread(remembered * 1e6, registry, Basis.HEURISTIC)
    known = _table(registry).get(name)
    return None if known is None else _spread(known.installed, registry, Basis.INDEXED)


def _spread(size: float, registry: str, basis: Basis) -> Amount:
    """A size with the bounds that versions and memory leave it."""
    low, high = _data()[registry]["measured_spread" if basis is Basis.INDEXED else "spread"]
    return Amount.around(size, low, high, basis)


def needs(registry: str, name: str) -> tuple[str, ...] | None:
    """The packages that a package needs directly; None where that is not known."""
    remembered = _data()[registry]["needs"].get(name)
    if remembered is not None:
        return tuple(remembered)
    known = _table(registry).get(name)
    return None if known is None else known.needs


@cache
def _table(registry: str) -> dict[str, RegistryPackage]:
    import gzip

    text = gzip.decompress((DATA / f"registry-{registry}.tsv.gz").read_bytes()).decode()
    rows = (line.split("\t") for line in text.splitlines() if not line.startswith("# "))
    return {
        name: RegistryPackage(int(installed), int(download), tuple(" ".join(rest).split()))
        for name, installed, download, *rest in rows
    }


@cache
def _data() -> dict[str, Any]:
    return tables.table("fixers/cost/data/registry.toml")
