"""What lies in the layers of a chain: who put it there, and what a later step takes away or writes again."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from operator import attrgetter
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from dockerlint.lint.catalogue.basis import Basis

from .bounded import ZERO, Amount, total

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .locked_packages import Packages


class ContextFile(Struct, frozen=True):
    """A file of the build context."""

    # its path in the context
    path: str
    # in bytes
    size: int


class LayerEntry(Struct, frozen=True):
    """Bytes that a step put at one place."""

    # the number of the step
    step: int
    # the file or folder in the image; None when it is not known where the bytes are
    path: str | None
    # in bytes, uncompressed
    size: Amount
    # whether nobody needs them at run time
    cache: bool = False
    # whether they are compressed already, so that a push moves all of them
    packed: bool = False
    # the packages in it, by the names that they were installed by
    names: frozenset[str] = frozenset()
    # the single files by their paths in the image, of which `size` is the sum; None when they are not known
    files: Mapping[str, ContextFile] | None = None
    # what the manifest named where this is what an install of a whole project has left; None for anything else
    project: Packages | None = None


class Ledger(Struct):
    """The file system as a chain of steps leaves it."""

    # what is there, in the order of the steps that put it there
    entries: list[LayerEntry] = field(default_factory=list)
    # for each step the bytes of its layer that a later step removed or wrote again
    hidden: dict[int, Amount] = field(default_factory=lambda: defaultdict(lambda: ZERO))
    # the paths that were removed
    dropped: set[str] = field(default_factory=set)
    # the distribution's packages that were installed
    packages: set[str] = field(default_factory=set)

    def copy(self) -> Ledger:
        """The same state, for a chain that goes on from here."""
        hidden: dict[int, Amount] = defaultdict(lambda: ZERO)
        hidden.update(self.hidden)
        return Ledger(list(self.entries), hidden, set(self.dropped), set(self.packages))

    def put(self, entry: LayerEntry) -> None:
        """New bytes; files that were there under the same names are overwritten."""
        if entry.files:
            self._overwrite(entry.files, entry.step)
        self.entries.append(entry)

    def drop(self, path: str, step: int) -> None:
        """Takes away what is at a path or below it: the step's own bytes are gone, earlier ones stay, hidden."""
        self.dropped.add(path)
        self._each(lambda entry: _without(entry, path), step)

    def uninstall(self, names: Iterable[str], step: int, resize: Callable[[frozenset[str]], Amount]) -> None:
        """Takes away the packages that were asked for by these names; `resize` says what those take that are left."""
        gone = frozenset(names)

        def rest(entry: LayerEntry) -> LayerEntry | None:
            if gone.isdisjoint(entry.names):
                return entry
            left = entry.names - gone
            return replace(entry, names=left, size=_smaller(resize(left), entry.size)) if left else None

        self._each(rest, step)

    def rewrite(self, path: str, step: int) -> None:
        """Writes all that is at a path or below it again, as a change of owner or mode does."""
        copies = []
        for entry in self.entries:
            if entry.step != step:
                rest = _without(entry, path)
                if rest is not entry:
                    copies.append(replace(_only(entry, rest), step=step))
        self._each(lambda entry: entry if entry.step == step else _without(entry, path), step)
        self.entries += copies

    def move(self, path: str, target: str, step: int) -> None:
        """Another place for what is at a path or below it; what earlier steps put there is written again."""
        self.rewrite(path, step)
        self.entries = [_moved(entry, path, target) if entry.step == step else entry for entry in self.entries]

    def find(self, path: str) -> ContextFile | None:
        """The context's file that lies at a path of the image."""
        for entry in reversed(self.entries):
            if entry.files and path in entry.files:
                return entry.files[path]
        return None

    def below(self, path: str) -> list[LayerEntry]:
        """The entries that lie at a path or below it."""
        return [entry for entry in self.entries if _lies(entry, path)]

    def of(self, step: int) -> list[LayerEntry]:
        """What a step has put and is still there."""
        # entries stand in the order of the steps, which put them behind the others
        first = bisect_left(self.entries, step, key=_step)
        return self.entries[first : bisect_right(self.entries, step, first, key=_step)]

    def wasted(self, step: int) -> Amount:
        """The bytes of a step that nobody sees or needs."""
        return self.hidden[step] + total(entry.size for entry in self.of(step) if entry.cache)

    def _overwrite(self, wanted: Mapping[str, ContextFile], step: int) -> None:
        def rest(entry: LayerEntry) -> LayerEntry | None:
            if not entry.files or wanted.keys().isdisjoint(entry.files):
                return entry
            return _of_files(entry, {name: file for name, file in entry.files.items() if name not in wanted})

        self._each(rest, step)

    def _each(self, rest_of: Callable[[LayerEntry], LayerEntry | None], step: int) -> None:
        kept = []
        for entry in self.entries:
            rest = rest_of(entry)
            if rest is not entry and entry.step != step:
                self.hidden[entry.step] += _only(entry, rest).size
            if rest is not None:
                kept.append(rest)
        self.entries = kept


_step = attrgetter("step")


def _lies(entry: LayerEntry, path: str) -> bool:
    return entry.path is not None and within(entry.path, path)


def within(path: str, folder: str) -> bool:
    """Whether a path is a folder itself or below it."""
    folder = folder.rstrip("/")
    return path == folder or path.startswith(folder + "/")


def _without(entry: LayerEntry, path: str) -> LayerEntry | None:
    """What is left of an entry when a path is gone; the entry itself where nothing of it is known to be there."""
    if entry.path is None:
        return entry
    if within(entry.path, path):
        return None
    if not entry.files or not within(path, entry.path):
        return entry
    left = {name: file for name, file in entry.files.items() if not within(name, path)}
    return entry if len(left) == len(entry.files) else _of_files(entry, left)


def _of_files(entry: LayerEntry, files: Mapping[str, ContextFile]) -> LayerEntry | None:
    if not files:
        return None
    return replace(entry, files=files, size=Amount.exact(sum(file.size for file in files.values()), Basis.INDEXED))


def _only(entry: LayerEntry, rest: LayerEntry | None) -> LayerEntry:
    """The part of an entry that is not in the rest."""
    if rest is None:
        return entry
    if entry.files is None or rest.files is None:
        return replace(entry, size=_less(entry.size, rest.size))
    gone = {name: file for name, file in entry.files.items() if name not in rest.files}
    return replace(entry, files=gone, size=Amount.exact(sum(file.size for file in gone.values()), Basis.INDEXED))


def _moved(entry: LayerEntry, path: str, target: str) -> LayerEntry:
    if entry.path is None or not within(entry.path, path):
        return entry
    files = None
    if entry.files is not None:
        files = {target + name.removeprefix(path): file for name, file in entry.files.items()}
    return replace(entry, path=target + entry.path.removeprefix(path), files=files)


def _smaller(one: Amount, other: Amount) -> Amount:
    return Amount(min(one.low, other.low), min(one.mid, other.mid), min(one.high, other.high), one.basis or other.basis)


def _less(whole: Amount, part: Amount) -> Amount:
    """What a part leaves of a whole, bound by bound: the two are figures of the same packages."""
    bounds = (
        whole.low - part.low,
        whole.mid - part.mid,
        whole.high - part.high if math.isfinite(whole.high) else math.inf,
    )
    low, mid, high = sorted(max(bound, 0.0) for bound in bounds)
    return Amount(low, mid, high, whole.basis)
