"""Podman and buildah. All that is built lies in a store of this run's own, beside the user's, which it reads only."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from .base import PATIENCE, EngineError
from .program_run import Program, ProgramError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from typing import IO

    from .base import BuildRequest

PREFIX = "dlint-verify-"
OLD = 24 * 3600.0
MOUNTS = Path("/proc/self/mountinfo")


class StoreEngine(Struct, frozen=True):
    """Podman or buildah with a store in a folder that is removed at the end."""

    name: str
    version: str
    program: Program
    folder: Path
    driver: str
    shared: Path

    @classmethod
    def open(cls, name: str) -> StoreEngine:
        """The program with a store that is not made yet, after what runs that were killed left was removed."""
        path = shutil.which(name)
        if path is None:
            raise EngineError(f"{name} is not installed")
        plain = Program(path, {})
        try:
            info = json.loads(plain.ask(["info", *(["--format=json"] if name == "podman" else [])], PATIENCE))
            version = plain.ask(["--version"], PATIENCE).decode("utf-8", "replace").split()
            store = {key.lower(): value for key, value in info["store"].items()}
            shared, driver = Path(store["graphroot"]), str(store["graphdrivername"])
        except ProgramError as error:
            said = error.log.strip().splitlines()
            raise EngineError(f"{name} does not answer: {said[-1] if said else error}") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise EngineError(f"{name} does not say where it keeps its images") from error
        if _is_remote(info):
            raise EngineError(f"{name} works on another machine: its images cannot be kept apart; give --engine docker")
        folder = shared.parent / f"{PREFIX}{secrets.token_hex(6)}"
        # their cache mounts lie in the folder for temporary files
        program = Program(path, {"TMPDIR": str(folder / "tmp")})
        found = cls(name, version[2] if len(version) > 2 else "", program, folder, driver, shared)
        found._forget_old()
        return found

    def build(self, recipe: BuildRequest, dockerfile: Path, tag: str, log: Path, *, cold: bool) -> None:
        """Builds in the store of this run; base images are taken from the user's where they are there."""
        try:
            (self.folder / "tmp").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ProgramError(f"{self.folder} cannot be made: {error.strerror}") from error
        words = ["build", "--format=docker", "--layers", f"--file={dockerfile}", f"--tag={self._tag(tag)}"]
        words += [f"--build-arg={key}={value}" for key, value in recipe.build_args.items()]
        words += ["--no-cache"] if cold else []
        words += [f"--target={recipe.target}"] if recipe.target else []
        words += [f"--network={recipe.network}"] if recipe.network else []
        words += [f"--ignorefile={recipe.ignore}"] if recipe.ignore else []
        self.program.log([*self._store, *words, str(recipe.context)], recipe.seconds, log)

    def save(self, tag: str, seconds: float) -> AbstractContextManager[IO[bytes]]:
        """The image as an archive."""
        words = ["push", "--quiet", self._tag(tag), "docker-archive:/proc/self/fd/1"]
        return self.program.reading([*self._store, *words], seconds)

    def close(self) -> None:
        """Removes the store. Raises ProgramError when something of it stays."""
        self._remove(self.folder)

    @property
    def _store(self) -> list[str]:
        return self._options(self.folder)

    def _options(self, folder: Path) -> list[str]:
        return [
            f"--root={folder / 'root'}",
            f"--runroot={folder / 'run'}",
            f"--storage-driver={self.driver}",
            f"--storage-opt=additionalimagestore={self.shared}",
        ]

    def _tag(self, tag: str) -> str:
        return f"localhost/{self.folder.name}:{tag}"

    def _forget_old(self) -> None:
        for folder in self.shared.parent.glob(f"{PREFIX}*"):
            with suppress(ProgramError, OSError):
                if time.time() - folder.stat().st_mtime > OLD:
                    self._remove(folder)

    def _remove(self, folder: Path) -> None:
        if not folder.exists():
            return
        with suppress(ProgramError):
            # containers of a build that was stopped are unmounted by this
            self.program.ask([*self._options(folder), "rm", "--all", *(["--force"] if self.name == "podman" else [])], PATIENCE)
        # the driver may have mounted its folder onto itself; the innermost first
        for place in reversed(_mounts_below(folder)):
            with suppress(ProgramError):
                Program(shutil.which("umount") or "/bin/umount", {}).ask([place], PATIENCE)
        if _mounts_below(folder):
            raise ProgramError(f"{folder}: something is still mounted there; unmount it, and remove the folder")
        delete = ["rm", "-rf", "--one-file-system", "--", str(folder)]
        # of what rootless builds made, much belongs to users that there are in their namespace only
        command = [self.program.path, "unshare", *delete] if os.geteuid() else [shutil.which("rm") or "/bin/rm", *delete[1:]]
        Program(command[0], {}).ask(command[1:], PATIENCE)


def _is_remote(info: dict[str, Any]) -> bool:
    return bool(info.get("host", {}).get("serviceIsRemote"))


def _mounts_below(folder: Path) -> list[str]:
    """What is mounted in a folder: as long as there is any, it must not be deleted, for that may be the user's."""
    try:
        lines = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return []
    # the fifth field is the place. Source: proc(5), /proc/pid/mountinfo
    places = [line.split(" ", 5)[4] for line in lines if line.count(" ") > 5]
    return sorted(place for place in places if Path(place).is_relative_to(folder))
