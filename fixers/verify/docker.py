"""Docker, with BuildKit. What is built carries a label of this run, by which it is found again."""

from __future__ import annotations

import secrets
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec import Struct, field

from .base import PATIENCE, EngineError
from .program_run import Program, ProgramError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import IO

    from .base import BuildRequest

LABEL = "dlint.verify"
# what an earlier run left is not that of one that is still going on
OLD = "24h"
VARIABLES = {"DOCKER_BUILDKIT": "1", "BUILDX_NO_DEFAULT_ATTESTATIONS": "1", "DOCKER_CLI_HINTS": "false"}


class Docker(Struct, frozen=True):
    """A Docker engine that answers."""

    program: Program
    version: str
    run: str = field(default_factory=lambda: secrets.token_hex(6))
    name: str = "docker"

    @classmethod
    def open(cls, name: str) -> Docker:
        """The engine that the client talks to, after what runs that were killed left in it was removed."""
        path = shutil.which(name)
        if path is None:
            raise EngineError(f"{name} is not installed")
        program = Program(path, VARIABLES)
        try:
            version = program.ask(["version", "--format", "{{.Server.Version}}"], PATIENCE)
        except ProgramError as error:
            said = error.log.strip().splitlines()
            raise EngineError(f"{name} does not answer: {said[-1] if said else error}") from error
        with suppress(ProgramError):
            program.ask(["image", "prune", "-af", "--filter", f"label={LABEL}", "--filter", f"until={OLD}"], PATIENCE)
        return cls(program, version.decode("utf-8", "replace").strip())

    def build(self, recipe: BuildRequest, dockerfile: Path, tag: str, log: Path, *, cold: bool) -> None:
        """Builds with cache mounts of this run's own: a cold build finds them empty, and the user's are not touched."""
        # Source: BuildKit, docs "Build arguments", BUILDKIT_CACHE_MOUNT_NS: a namespace for the ids of cache mounts.
        arguments = {**recipe.build_args, "BUILDKIT_CACHE_MOUNT_NS": f"dlint-{self.run}"}
        words = ["build", "--progress=plain", f"--file={dockerfile}", f"--tag={self._tag(tag)}", f"--label={LABEL}={self.run}"]
        words += [f"--build-arg={key}={value}" for key, value in arguments.items()]
        words += ["--no-cache"] if cold else []
        words += [f"--target={recipe.target}"] if recipe.target else []
        words += [f"--network={recipe.network}"] if recipe.network else []
        self.program.log([*words, str(recipe.context)], recipe.seconds, log)

    def save(self, tag: str, seconds: float) -> AbstractContextManager[IO[bytes]]:
        """The image as an archive."""
        return self.program.reading(["image", "save", self._tag(tag)], seconds)

    def close(self) -> None:
        """Removes this run's images. An interrupted build leaves none, and containers are never made."""
        listed = self.program.ask(["image", "ls", "--quiet", "--no-trunc", f"--filter=label={LABEL}={self.run}"], PATIENCE)
        if images := list(dict.fromkeys(listed.decode("ascii", "replace").split())):
            self.program.ask(["image", "rm", "--force", *images], PATIENCE)

    def _tag(self, tag: str) -> str:
        return f"dlint-verify-{self.run}:{tag}"
