"""What installing packages of a distribution adds to a layer, and what must be downloaded for it.

Debian's tables are indexed: `data/debian-RELEASE.tsv.gz`, made by `bench/make_debian_packages.py`; only the one that is needed
is read. Other distributions take sizes from `data/packages.toml` by name, else Debian's figures times a stated factor.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dockerlint.lint.catalogue import tables
from dockerlint.lint.catalogue.basis import Basis
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.storage.prepared import unpacked

from .bounded import ZERO, Amount
from .tool_figures import amount

if TYPE_CHECKING:
    from collections.abc import Iterable
    from mmap import mmap

DATA = Path(__file__).parent / "data"
OTHERS = "fixers/cost/data/packages.toml"
TABLES = frozenset(("bullseye", "bookworm", "trixie"))
# `name=version`, `name/release`, `name:architecture`, and the marks of apk: `name~=1`, `name>1`, `name@edge`.
NAME = regex(r"[A-Za-z0-9][A-Za-z0-9+._-]*")
# What stands behind the name of a library: `10`, `-2.1-7`, `3t64`.
VERSION = regex(r"(?:-?\d[\d.]*)*(?:t64)?")
PYTHON = regex(r"(?:lib)?python3")
# So many bytes of a table are looked through for a name: more take longer, and so do more names to know them by.
BLOCK = 16 * 1024
# Longer names are no packages; so many of other distributions are kept with Debian's name for them.
LONGEST_NAME, MOST_NAMES = 100, 10_000
Rules = tuple[tuple[str, ...], ...]


class Closure(Struct, frozen=True):
    """What an install step brings: packages and all that they need, without what was there before.

    `installed` is the bytes that the layer gets: files, the package manager's own records, bytecode; not package lists.
    `download` is the bytes of package files. `unknown` are names that no table has: of these the amounts
    hold what most packages take, within wide bounds. `names` are the packages themselves, for `present` of a later step; empty where there is no index.
    """

    installed: Amount
    download: Amount
    packages: int
    unknown: tuple[str, ...]
    names: frozenset[str] = frozenset()


def closure(
    names: Iterable[str],
    *,
    recommends: bool,
    distribution: str,
    release: str | None = None,
    present: Iterable[str] = (),
) -> Closure:
    """The closure of what is named on a command line, above a minimal base image of the distribution.

    `recommends` says whether recommended packages come too (apt's default), `distribution` is `debian`, `ubuntu`,
    `alpine`, `fedora`, ..., `release` as in `lint.images` (`bookworm`); `present` are names that an earlier step
    installed. Versions, architectures and releases in the names are ignored. Debian 11 to 13 are indexed; all else is a
    heuristic; of a distribution without any figures no name is known.
    """
    wanted = list(dict.fromkeys(_bare(name) for name in names))
    family = _others()["families"].get(distribution)
    if family is None:
        return _with_unknown(Closure(ZERO, ZERO, 0, ()), wanted)
    if family != "deb":
        return _foreign(wanted, _others()[family])
    table = table_of(distribution, release)
    is_own = distribution == "debian" and release in TABLES
    if not is_own:
        wanted = [_like(name, _others()["deb"]["rules"], table) for name in wanted]
    chosen, unknown = _resolve(wanted, recommends, frozenset(present), table)
    installed, download = _layer(chosen), _downloads(chosen)
    if not is_own:
        factor = _others()["deb"]["factor"]
        installed, download = _scaled(installed, factor), _scaled(download, factor)
    return _with_unknown(Closure(installed, download, len(chosen), (), frozenset(chosen)), unknown)


def table_of(distribution: str, release: str | None) -> str:
    """The release of Debian whose table speaks for a release of Debian or of what is made from it."""
    tables = _others()["deb"]["tables"]
    own = tables.get(distribution, {})
    return str(own.get(release) or tables["default"])


def _bare(name: str) -> str:
    """The name without version, release and architecture; a word that is no package name stays as it is."""
    match = NAME.match(name)
    rest = name[match.end() :] if match else name
    return match[0] if match and (not rest or rest[0] in "=/:~<>@") else name


def _scaled(value: Amount, factor: list[float]) -> Amount:
    low, mid, high = factor
    return value if value == ZERO else value.times(Amount(low, mid, high, Basis.HEURISTIC))


def _with_unknown(found: Closure, unknown: list[str]) -> Closure:
    if not unknown:
        return found
    # of another source of packages, or of another release
    installed = found.installed + amount("package.unlisted") * len(unknown)
    download = found.download + amount("package.unlisted_download") * len(unknown)
    return Closure(installed, download, found.packages, tuple(unknown), found.names)


# --- Debian ---


class _Package(Struct, frozen=True):
    installed: int
    download: int
    depends: list[str]
    recommends: list[str]


class _Table:
    """The table's text, sorted by name; a line is looked up and parsed when it is asked for."""

    def __init__(self, data: bytes | mmap) -> None:
        self._data = data
        self._fulfilling: dict[str, list[str]] = {}
        self._packages: dict[str, _Package] = {}
        first = data.find(b"\n") + 1
        start = data.find(b"\n", first) + 1
        self.origin = data[:first].decode().strip("# \n")
        self.base = frozenset(data[first:start].decode().split()[1:])
        # where blocks of whole lines begin, each with the line break before it, and the first name of each
        later = (data.find(b"\n", at) for at in range(start + BLOCK, len(data), BLOCK))
        self._starts = [start - 1, *(at for at in dict.fromkeys(later) if 0 < at < len(data) - 1)]
        self._firsts = [data[at + 1 : data.find(b"\t", at) + 1] for at in self._starts]

    def fulfils(self, name: str) -> list[str]:
        """Packages that fulfil a name, the one that apt takes first: itself, or who provides a virtual name."""
        if name not in self._fulfilling:
            fields = self._search(name)
            is_virtual = fields is not None and fields[1].startswith(">")
            self._fulfilling[name] = fields[1][1:].split() if fields and is_virtual else [name] if fields else []
        return self._fulfilling[name]

    def package(self, name: str) -> _Package:
        """The package of a name that `fulfils` gave; raises KeyError for another."""
        if name not in self._packages:
            fields = self._search(name)
            if fields is None:
                raise KeyError(name)
            depends, recommends = ([*fields[3:], "", ""])[:2]
            self._packages[name] = _Package(int(fields[1]) * 1024, int(fields[2]) * 1000, depends.split(), recommends.split())
        return self._packages[name]

    def versioned(self, start: str, end: str) -> str | None:
        """The first name that has nothing but a version between a start and an end: `libgmp` and nothing find `libgmp10`."""
        at = bisect_right(self._firsts, start.encode())
        end_of_block = self._starts[at + 1] if at + 1 < len(self._starts) else len(self._data)
        place = self._data.find(b"\n" + start.encode(), self._starts[max(at - 1, 0)], end_of_block)
        while place >= 0:
            name = self._data[place + 1 : self._data.find(b"\t", place)].decode()
            if not name.startswith(start):
                return None
            if VERSION.fullmatch(name.removeprefix(start).removesuffix(end)) and name.endswith(end):
                return name
            place = self._data.find(b"\n" + start.encode(), place + 1, end_of_block)
        return None

    def _search(self, name: str) -> list[str] | None:
        """The fields of a name's line: splitting 70,000 lines takes longer than a whole check."""
        key = name.encode("utf-8", "surrogateescape") + b"\t"
        at = bisect_right(self._firsts, key)
        if not at:
            return None
        end = self._starts[at] + 1 if at < len(self._starts) else len(self._data)
        block = self._data[self._starts[at - 1] : end]
        found = block.find(b"\n" + key) + 1
        return block[found : block.find(b"\n", found)].decode().split("\t") if found else None


@cache
def _table(release: str) -> _Table:
    return _Table(unpacked(DATA / f"debian-{release}.tsv.gz"))


def origin(release: str) -> str:
    """What Debian's table was made from, and when: for the reader who checks a figure."""
    return _table(release).origin


def _resolve(
    names: list[str], recommends: bool, present: frozenset[str], release: str, *, is_foreign: bool = False
) -> tuple[dict[str, _Package], list[str]]:
    """The packages that come with the names, and the names that Debian does not have.

    What is named is not there before in an image that `is_foreign`, though Debian's has it.
    """
    table = _table(release)
    unknown = [name for name in names if not table.fulfils(name)]
    known = [name for name in names if name not in unknown]
    there = table.base - set(known) if is_foreign else table.base
    return _choose(known, recommends, there | present, table), unknown


def _choose(names: list[str], recommends: bool, had: frozenset[str], table: _Table) -> dict[str, _Package]:
    """All packages that come with the names.

    Plain dependencies are followed first, then groups of alternatives, of which the first one comes unless another one
    is there by then, then recommendations, as apt does it.
    """
    chosen: dict[str, _Package] = {}
    plain, either, soft = deque(names), deque[str](), deque[str]()

    def is_there(name: str) -> bool:
        found = table.fulfils(name)
        return not (had.isdisjoint(found) and chosen.keys().isdisjoint(found))

    def take(name: str) -> None:
        choices = table.fulfils(name)
        if not choices or is_there(name):
            return
        package = table.package(choices[0])
        chosen[choices[0]] = package
        for group in package.depends:
            (either if "|" in group else plain).append(group)
        soft.extend(package.recommends if recommends else ())

    while plain or either or soft:
        if plain:
            take(plain.popleft())
            continue
        group = (either or soft).popleft().split("|")
        if not any(map(is_there, group)):
            take(group[0])
    return chosen


@lru_cache(MOST_NAMES)
def _like(name: str, rules: Rules, release: str) -> str:
    """The name in Debian's table of what another distribution calls so; the name itself where none is found."""
    table = _table(release)
    if table.fulfils(name) or len(name) > LONGEST_NAME or not NAME.fullmatch(name):
        return name
    for expression, *templates in rules:
        match = regex(expression).fullmatch(name.lower())
        for template in templates if match else ():
            assert match is not None
            wanted = template.replace("{1}", match[1] if match.lastindex else "")
            found = table.versioned(*wanted.split("*")) if "*" in wanted else wanted
            if found is not None and table.fulfils(found):
                return found
    return name


def _layer(chosen: dict[str, _Package]) -> Amount:
    """Bytes of the layer: files without the documentation that images leave out, records, and Python's bytecode."""
    if not chosen:
        return ZERO
    layer = _files(chosen).times(amount("apt.layer.kept")) + amount("apt.layer.state")
    layer += amount("apt.layer.state_per_package") * len(chosen)
    if "python3-minimal" not in chosen:
        return layer
    python = sum(package.installed for name, package in chosen.items() if PYTHON.match(name))
    return layer + amount("apt.layer.python_compiled") * python


def _files(chosen: dict[str, _Package]) -> Amount:
    """What the packages say they take when installed, documentation and all."""
    return Amount.exact(sum(package.installed for package in chosen.values()), Basis.INDEXED) if chosen else ZERO


def _downloads(chosen: dict[str, _Package]) -> Amount:
    return Amount.exact(sum(package.download for package in chosen.values()), Basis.INDEXED) if chosen else ZERO


# --- others ---


@cache
def _others() -> dict[str, Any]:
    data = tables.table(OTHERS)
    return {name: _with_rules(entry) if "rules" in entry else entry for name, entry in data.items()}


def _with_rules(family: dict[str, Any]) -> dict[str, Any]:
    return {**family, "rules": tuple(tuple(rule) for rule in family["rules"])}


def _foreign(names: list[str], family: dict[str, Any]) -> Closure:
    """Sizes by the family's own list; what is not in it, from Debian's table by name or by alias, times a factor."""
    listed = family["installed_mb"]
    own = [listed[name] * 1e6 for name in names if name in listed]
    table = table_of("debian", None)
    rest = [name for name in names if name not in listed]
    aliases = {_like(family["aliases"].get(name, name), family["rules"], table): name for name in rest}
    chosen, missing = _resolve(list(aliases), False, frozenset(), table, is_foreign=True) if aliases else ({}, [])
    low, high = family["spread"]
    size = Amount.around(sum(own), low, high, Basis.HEURISTIC) if own else ZERO
    installed = size + _scaled(_files(chosen), family["factor"])
    download = _scaled(size, family["download_ratio"]) + _scaled(_downloads(chosen), family["factor"])
    packages = len(own) + len(chosen)
    return _with_unknown(Closure(installed, download, packages, ()), [aliases[name] for name in missing])
