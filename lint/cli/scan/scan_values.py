"""What the parts of a scan hand to each other: values that go through pipes and over networks."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dockerlint.lint.settings.config import Config

GROUPS = ("dlint.rules", "dlint.tools")
FOLDERS = ("lint", "rules", "fixers")


class ScanError(Exception):
    """The scan cannot start, or cannot go on; the message is a sentence that says why."""


class BrokenOffError(ScanError):
    """The scan was under way, and what did the work is gone."""


class Job(Struct, frozen=True):
    """What to do with each file: by which configuration, in how many seconds, with how many bytes of memory at most.

    `program` is a digest of this program, which all who work on a scan must have in common.
    """

    config: Config
    seconds: float
    memory: int
    program: str

    @property
    def key(self) -> bytes:
        """All that the rows of a file depend on besides the file. The limits are not part of it: they say what fails."""
        return f"{self.program}\0{self.config!r}\0".encode("utf-8", "surrogateescape")


class File(NamedTuple):
    """A Dockerfile to look at: `text` of a record, or where git has it, with `top` the folder of the repository."""

    repository: str
    path: str
    text: str = ""
    commit: str = ""
    top: str = ""


class ScanFailure(NamedTuple):
    """What could not be looked at, and why; `path` is empty for a repository or a whole file of records.

    `kind` is `unreadable`, `time`, `memory`, `crash` or `internal`.
    """

    repository: str
    commit: str
    path: str
    kind: str
    reason: str


class Chunk(NamedTuple):
    """What is done, and written, in one go; the key is the name of its part files."""

    key: str
    items: tuple[File | ScanFailure, ...]

    @classmethod
    def of(cls, job: Job, items: Iterable[File | ScanFailure]) -> Chunk:
        """The chunk of some items, named by all that its rows depend on."""
        every = tuple(items)
        digest = hashlib.blake2b(job.key, digest_size=16)
        for item in every:
            digest.update("\0".join(item).encode("utf-8", "surrogateescape") + b"\0\0")
        return cls(digest.hexdigest(), every)


class FileRow(NamedTuple):
    """A file that was looked at. Bytes are those of the image, uncompressed but for `shipped`; seconds are of a build.

    `*_high` is None where a part is not known. `saving_*` is what the fixes save that leave each other alone.
    """

    repository: str
    commit: str
    path: str
    digest: str
    lines: int
    stages: int
    problems: int
    findings: int
    base_image: str | None
    image_low: float
    image_bytes: float
    image_high: float | None
    shipped_bytes: float
    wasted_bytes: float
    seconds_low: float
    seconds: float
    seconds_high: float | None
    pushed_bytes: float
    saving_bytes: float
    saving_seconds: float


class FindingRow(NamedTuple):
    """A finding; lines and columns from 1. `counted` says that its saving is part of that of its file."""

    repository: str
    commit: str
    path: str
    code: str
    name: str
    level: str
    line: int
    column: int
    message: str
    fix: str | None
    saving_bytes: float | None
    saving_seconds: float | None
    basis: str | None
    counted: bool


class Looked(NamedTuple):
    """What one file gave."""

    file: FileRow
    findings: tuple[FindingRow, ...]


class Done(NamedTuple):
    """What one chunk gave."""

    key: str
    looked: tuple[Looked, ...]
    failures: tuple[ScanFailure, ...]


class Lost(NamedTuple):
    """A chunk of which nothing came, however often it was tried, and why."""

    key: str
    reason: str


@cache
def program() -> str:
    """A digest of the files of this program and of the versions of its plug-ins, the same on every machine that has them."""
    from importlib.metadata import entry_points, version
    from pathlib import Path

    digest = hashlib.blake2b(version("dockerlint").encode(), digest_size=12)
    top = Path(__file__).parents[3]
    for folder in FOLDERS:
        for path in sorted((top / folder).rglob("*")):
            if "__pycache__" not in path.parts and path.is_file():
                digest.update(path.relative_to(top).as_posix().encode() + b"\0" + path.read_bytes())
    for group in GROUPS:
        for entry in sorted(entry_points(group=group), key=lambda entry: entry.name):
            digest.update(f"{group} {entry.name} {entry.value} {entry.dist and entry.dist.version}\n".encode())
    return digest.hexdigest()
