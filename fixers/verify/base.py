"""The engines that can build an image: what is asked of them, and which of them is here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import IO

NAMES = ("docker", "podman", "buildah")
# seconds for a question that is not a build
PATIENCE = 60.0


class EngineError(Exception):
    """No engine, or one that does not do what is asked of it; the message is a sentence."""


class BuildRequest(Struct, frozen=True):
    """How an image is built."""

    # the folder of the build context
    context: Path
    # the ignore file; the context's own when None
    ignore: Path | None = None
    # the stage to build; the last one when None
    target: str | None = None
    # values for ARGs, by name
    build_args: Mapping[str, str] = field(default_factory=dict)
    # the network of RUNs, as the engine's --network takes it; the engine's default when None
    network: str | None = None
    # the limit for one build, and for saving its image
    seconds: float = 1800.0


class Engine(Protocol):
    """An engine, for one run of ours: `close` removes all that was built in it, also what is half done."""

    @property
    def name(self) -> str:
        """What it is called: one of NAMES."""

    @property
    def version(self) -> str:
        """Its version, as it says it."""

    def build(self, recipe: BuildRequest, dockerfile: Path, tag: str, log: Path, *, cold: bool) -> None:
        """Builds an image; `cold` without the cache. Raises ProgramError when it fails or takes too long."""

    def save(self, tag: str, seconds: float) -> AbstractContextManager[IO[bytes]]:
        """The image as the archive that `docker save` writes. Raises ProgramError."""

    def close(self) -> None:
        """Removes what is left of this run. Raises ProgramError when something stays."""
