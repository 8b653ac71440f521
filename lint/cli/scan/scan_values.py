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
    """What to do with each file."""

    # the configuration
    config: Config
    # the limit for one file
    seconds: float
    # the limit for one process, in bytes
    memory: int
    # a digest of this program, the same for all processes and machines of a scan
    program: str

    @property
    def key(self) -> bytes:
        """All that the rows of a file depend on besides the file. The limits are not part of it: they say what fails."""
        return f"{self.program}\0{self.config!r}\0".encode("utf-8", "surrogateescape")


class File(NamedTuple):
    """A Dockerfile to look at: a record with its text, or a file in git."""

    # the repository's name
    repository: str
    # the path in it
    path: str
    # the text of a record; "" for a file in git
    text: str = ""
    # the commit's hash; "" for a record
    commit: str = ""
    # the folder of the repository on this machine; "" for a record
    top: str = ""


class ScanFailure(NamedTuple):
    """What could not be looked at, and why."""

    # the repository's name
    repository: str
    # the commit's hash; "" for a record
    commit: str
    # the path in it; "" for a repository or a whole file of records
    path: str
    # unreadable, time, memory, crash or internal
    kind: str
    # a sentence
    reason: str


class Chunk(NamedTuple):
    """What is done, and written, in one go."""

    # a digest of all that its rows depend on; its part files are named by it
    key: str
    # the files to look at, and the failures to pass on
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
    """A file that was looked at. Bytes are those of the image and uncompressed, seconds those of a build, both as estimated."""

    # the repository's name
    repository: str
    # the commit's hash; "" for a record
    commit: str
    # the path in it
    path: str
    # a digest of its text, in hex
    digest: str
    # how many lines it has
    lines: int
    # how many stages it has
    stages: int
    # how many syntax errors it has
    problems: int
    # how many findings there are
    findings: int
    # the image that the target is built on; None when that is not known
    base_image: str | None
    # the lower bound of the image's bytes
    image_low: float
    # the likely bytes of the image
    image_bytes: float
    # the upper bound; None when a part is not known
    image_high: float | None
    # the likely bytes of the image, compressed
    shipped_bytes: float
    # bytes of the image that nobody sees or needs
    wasted_bytes: float
    # the lower bound of a build's seconds, averaged over the scenarios
    seconds_low: float
    # the likely seconds
    seconds: float
    # the upper bound; None when a part is not known
    seconds_high: float | None
    # likely bytes to push after a build, compressed, averaged over the scenarios
    pushed_bytes: float
    # bytes that the fixes save that leave each other alone
    saving_bytes: float
    # seconds a build that they save
    saving_seconds: float


class FindingRow(NamedTuple):
    """A finding."""

    # the repository's name
    repository: str
    # the commit's hash; "" for a record
    commit: str
    # the path in it
    path: str
    # the rule's code
    code: str
    # the rule's name
    name: str
    # error, warning, info or style
    level: str
    # from 1
    line: int
    # from 1
    column: int
    # the finding's message
    message: str
    # safe, unsafe or display; None when there is no fix
    fix: str | None
    # bytes of the image that the fix saves; None when that is not known
    saving_bytes: float | None
    # seconds a build that it saves; None when that is not known
    saving_seconds: float | None
    # measured, indexed or heuristic; None when the saving is not known
    basis: str | None
    # whether its saving is part of its file's
    counted: bool


class Looked(NamedTuple):
    """What came of one file."""

    # the file itself
    file: FileRow
    # what was found in it
    findings: tuple[FindingRow, ...]


class Done(NamedTuple):
    """What came of one chunk."""

    # the chunk's
    key: str
    # the files that were looked at
    looked: tuple[Looked, ...]
    # what could not be looked at
    failures: tuple[ScanFailure, ...]


class Lost(NamedTuple):
    """A chunk of which nothing came, however often it was tried."""

    # the chunk's
    key: str
    # a sentence
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
