"""What ShellCheck said, kept by script: within a run, and between runs in files that may be lost at any time."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .shellcheck import Comment, ShellCheck, comments

if TYPE_CHECKING:
    from collections.abc import Iterable

FOLDER = "shellcheck"


def folder() -> Path:
    """Where the user's caches are kept."""
    from platformdirs import user_cache_path

    return user_cache_path("dlint") / FOLDER


class Comments:
    """ShellCheck with a memory. `folder` None keeps nothing between runs; `calls` are the most at a time."""

    def __init__(self, program: ShellCheck, folder: Path | None, calls: int = 1) -> None:
        self.program = program
        self.folder = folder
        self.calls = calls
        self._known: dict[str, tuple[Comment, ...] | None] = {}

    def learn(self, scripts: Iterable[str]) -> None:
        """Ask for all that is not known yet, in few calls.

        Raises ShellCheckError.
        """
        unknown = [script for script in dict.fromkeys(scripts) if script not in self._known and not self._read(script)]
        if not unknown:
            return
        for script, said in zip(unknown, self.program.check(unknown, self.calls), strict=True):
            self._known[script] = None if said is None else comments(said)
            if said is not None:
                self._write(script, said)

    def of(self, script: str) -> tuple[Comment, ...] | None:
        """What is said of a script; None when it was left out for its length or the time it takes."""
        self.learn([script])
        return self._known[script]

    def _file(self, script: str) -> Path | None:
        if self.folder is None:
            return None
        version = ".".join(map(str, self.program.version))
        # the script's first line names its shell
        digest = hashlib.sha256(f"{version}\0{script}".encode("utf-8", "surrogateescape")).hexdigest()
        return self.folder / digest[:2] / f"{digest[2:]}.json"

    def _read(self, script: str) -> bool:
        file = self._file(script)
        if file is None:
            return False
        # an entry that is missing, cut short or of another form is made anew
        with suppress(OSError, ValueError):
            self._known[script] = comments(json.loads(file.read_bytes()))
            return True
        return False

    def _write(self, script: str, said: list[dict[str, Any]]) -> None:
        """Whole or not at all, so that others who read or write it now see no half; a full disk is no reason to stop."""
        file = self._file(script)
        if file is None:
            return
        with suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=file.parent)
            try:
                with os.fdopen(handle, "wb") as stream:
                    stream.write(json.dumps(said, separators=(",", ":")).encode())
                Path(name).replace(file)
            except OSError:
                Path(name).unlink(missing_ok=True)
                raise
