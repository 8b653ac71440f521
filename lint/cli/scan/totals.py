"""What is at stake in all files together, by rule, by repository, by base image: added up part by part."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct, field

from dockerlint.lint.engine.findings import BYTES_A_SECOND

from .result_files import FAILURES, FILES, FINDINGS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .result_files import ScanResults

# A base image that only the build knows, as an ARG without a value decides it.
UNDECIDED = "decided by the build"
NO_STAGE = "no FROM"


class Share(Struct):
    """A part of what is at stake: bytes of images, seconds of one build of each file, in so many files or findings."""

    count: int = 0
    image_bytes: float = 0.0
    seconds: float = 0.0

    def add(self, image_bytes: float, seconds: float) -> None:
        """One more."""
        self.count += 1
        self.image_bytes += image_bytes
        self.seconds += seconds

    @property
    def worth(self) -> float:
        """Both on one scale, in seconds."""
        return self.seconds + self.image_bytes / BYTES_A_SECOND


class TopFile(NamedTuple):
    """A file that much is at stake in; the first field orders them."""

    worth: float
    repository: str
    path: str
    image_bytes: float
    seconds: float


class Totals(Struct):
    """Sums over all files. `images` and `builds` are what all images and one build of each take as they are.

    `partly` are the files of which a part of the size or the time is not known.
    """

    files: int = 0
    unread: int = 0
    findings: int = 0
    partly: int = 0
    images: float = 0.0
    builds: float = 0.0
    stake: Share = field(default_factory=Share)
    by_rule: dict[str, Share] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    by_repository: dict[str, Share] = field(default_factory=dict)
    by_base: dict[str, Share] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    top: list[TopFile] = field(default_factory=list)

    @property
    def rules(self) -> dict[str, Share]:
        """What is at stake by rule, each with its code and its name."""
        return {f"{code} {self.names[code]}": share for code, share in self.by_rule.items()}


def totals(results: ScanResults, most: int) -> Totals:
    """The totals of all parts, with the `most` valuable files. Memory grows with the repositories and images, not the files.

    Raises ScanError when a part cannot be read.
    """
    found = Totals()
    columns = (
        "repository path stages base_image image_bytes image_high seconds seconds_high saving_bytes saving_seconds".split()
    )
    for rows in results.batches(FILES, columns):
        for row in rows:
            _add_file(found, row, most)
    for rows in results.batches(FINDINGS, ("code", "name", "saving_bytes", "saving_seconds", "counted")):
        for row in rows:
            found.findings += 1
            found.names[row["code"]] = row["name"]
            share = found.by_rule.setdefault(row["code"], Share())
            saved = (row["saving_bytes"], row["saving_seconds"]) if row["counted"] else (0.0, 0.0)
            share.add(*saved)
    for rows in results.batches(FAILURES, ("kind",)):
        for row in rows:
            found.unread += 1
            found.reasons[row["kind"]] = found.reasons.get(row["kind"], 0) + 1
    found.top.sort(key=lambda item: (-item.worth, item.repository, item.path))
    return found


def ranked(shares: Mapping[str, Share], most: int) -> list[tuple[str, Share]]:
    """The shares with the most at stake, the first first; those with nothing at stake are left out."""
    worthy = ((name, share) for name, share in shares.items() if share.worth > 0)
    return heapq.nsmallest(most, worthy, key=lambda item: (-item[1].worth, item[0]))


def _add_file(found: Totals, row: Mapping[str, object], most: int) -> None:
    size, seconds = _number(row["saving_bytes"]), _number(row["saving_seconds"])
    found.files += 1
    found.partly += row["image_high"] is None or row["seconds_high"] is None
    found.images += _number(row["image_bytes"])
    found.builds += _number(row["seconds"])
    share = Share(1, size, seconds)
    for sums in (
        found.stake,
        found.by_repository.setdefault(str(row["repository"]), Share()),
        found.by_base.setdefault(_base(row), Share()),
    ):
        sums.add(size, seconds)
    if share.worth > 0:
        _push(found.top, TopFile(share.worth, str(row["repository"]), str(row["path"]), size, seconds), most)


def _push(top: list[TopFile], item: TopFile, most: int) -> None:
    if len(top) < most:
        heapq.heappush(top, item)
    else:
        heapq.heappushpop(top, item)


def _base(row: Mapping[str, object]) -> str:
    """The image without its digest, which nobody reads."""
    if not row["stages"]:
        return NO_STAGE
    return str(row["base_image"]).partition("@")[0] if row["base_image"] is not None else UNDECIDED


def _number(value: object) -> float:
    assert isinstance(value, int | float)
    return value


def failed(reasons: Mapping[str, int]) -> str:
    """How many failed for which reason, in words, the most first."""
    words = {
        "unreadable": "cannot be read",
        "time": "took too long",
        "memory": "took too much memory",
        "crash": "ended the process",
        "internal": "met a bug of dlint",
    }
    pairs: Iterable[tuple[str, int]] = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count:,} {words.get(kind, kind)}" for kind, count in pairs)
