"""The objects of a git repository, one after the other from one process."""

from __future__ import annotations

import subprocess
from threading import Timer
from typing import IO, TYPE_CHECKING, Self

from .client import PATIENCE, GitError, command, environment

if TYPE_CHECKING:
    from pathlib import Path


class Objects:
    """Reads blobs by their ids, while it is entered."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is None:
            return
        self._process.kill()
        self._process.communicate()
        self._process = None

    def blob(self, name: str) -> bytes | None:
        """The bytes of a blob; None when there is none of that id. Raises GitError when git gives no answer."""
        given, answer = self._pipes()
        assert self._process
        # a pipe that nobody writes to may stand where an object should
        timer = Timer(PATIENCE, self._process.kill)
        timer.start()
        try:
            given.write(f"{name}\n".encode("ascii"))
            given.flush()
            return self._answered(answer)
        except (OSError, ValueError) as error:
            raise GitError(f"git stopped while it read objects of {self.folder}, or took more than {PATIENCE:.0f} s") from error
        finally:
            timer.cancel()

    def _answered(self, answer: IO[bytes]) -> bytes | None:
        """`ID TYPE SIZE`, the bytes and a line break; or `ID missing`. Raises ValueError when it is cut off."""
        *_, kind, size = answer.readline().split()
        if not size.isdigit():
            return None
        count = int(size)
        data = answer.read(count + 1)
        if len(data) != count + 1:
            raise ValueError("cut off")
        return data[:-1] if kind == b"blob" else None

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        if self._process is None:
            try:
                self._process = subprocess.Popen(
                    command("cat-file", "--batch"),
                    cwd=self.folder,
                    env=environment(),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                )
            except OSError as error:
                raise GitError(f"git cannot be run: {error.strerror or error}") from error
        assert self._process.stdin
        assert self._process.stdout
        return self._process.stdin, self._process.stdout
