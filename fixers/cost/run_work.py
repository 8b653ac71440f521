"""The work of a RUN, and what those who read its commands may do: a part of the reading is in several modules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from .bounded import ZERO, Amount

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dockerlint.lint.catalogue.tool import Invocation

    from .layer_contents import Ledger
    from .locked_packages import Packages
    from .work_recipes import WorkRecipe


class RunWork(Struct):
    """The work of a step, apart from any machine's network."""

    # without downloads, with empty cache mounts
    seconds: Amount = ZERO
    # the same with filled cache mounts
    warm: Amount = ZERO
    # bytes to download with empty cache mounts
    download: Amount = ZERO
    # the same with filled cache mounts
    download_warm: Amount = ZERO

    def add(
        self, seconds: Amount, download: Amount = ZERO, *, warm: Amount | None = None, cached: bool = False
    ) -> None:
        """More to do; `cached` says that a filled mount saves the download, `warm` what it leaves of the seconds."""
        self.seconds += seconds
        self.warm += seconds if warm is None or not cached else warm
        self.download += download
        self.download_warm += ZERO if cached else download


class CommandReader(Protocol):
    """One RUN being read."""

    # the file system that it finds, and changes
    ledger: Ledger
    # what it takes so far
    work: RunWork
    # the folder that the next command runs in
    folder: str
    # whether the command before, in a pipeline, has printed a download
    piped: bool

    def path(self, text: str) -> str:
        """A path of the script, made absolute."""

    def put(
        self,
        path: str | None,
        size: Amount,
        *,
        cache: bool = False,
        packed: bool = False,
        names: frozenset[str] = frozenset(),
    ) -> None:
        """Bytes at a path, unless a mount keeps them out of the layer."""

    def cached(self, path: str) -> bool:
        """Whether what is at a path is still there at the next build."""

    def text(self, path: str) -> str | None:
        """The text of a file as the script sees it."""

    def first(self, names: Iterable[str], *, dev: bool) -> Packages | None:
        """The packages of the first of these files that is there."""

    def beside(self, names: Iterable[str]) -> Packages | None:
        """The packages of the first of these files that is at the context's top."""

    def locked(self, invocation: Invocation, known: WorkRecipe) -> None:
        """The packages of a project, as an install or the first build fetches them."""
