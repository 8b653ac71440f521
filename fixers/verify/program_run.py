"""Runs programs: argument lists, a limit of time, nothing left behind when it is over or interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from msgspec import Struct

from dockerlint.lint.syntax.source import reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import FrameType

# seconds that a program has to end by itself when it is told to
GRACE = 10.0
STOPPING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class ProgramError(Exception):
    """A program that cannot be run, fails or takes too long; the message is a sentence, `log` what it said last."""

    def __init__(self, sentence: str, log: str = "", *, late: bool = False) -> None:
        super().__init__(sentence)
        self.log = log
        self.late = late


class Program(Struct, frozen=True):
    """A program, and the variables that it runs with besides those of this process."""

    path: str
    variables: Mapping[str, str]

    def ask(self, words: Sequence[str], seconds: float) -> bytes:
        """What it writes. Raises ProgramError."""
        with self.reading(words, seconds) as output:
            return output.read()

    def log(self, words: Sequence[str], seconds: float, log: Path) -> None:
        """Runs it with all that it writes in a file. Raises ProgramError."""
        with log.open("wb") as file:
            process = self._start(words, file, subprocess.STDOUT)
            with _ended(process), _limited(process, seconds) as late:
                status = process.wait()
        if late.is_set() or status:
            raise self._failure(words, status, seconds if late.is_set() else None, _tail(log))

    @contextmanager
    def reading(self, words: Sequence[str], seconds: float) -> Iterator[IO[bytes]]:
        """Its standard output while it runs. Raises ProgramError at the end when it failed."""
        with tempfile.TemporaryFile() as errors:
            process = self._start(words, subprocess.PIPE, errors)
            assert process.stdout
            with process.stdout, _ended(process), _limited(process, seconds) as late:
                yield process.stdout
                # what nobody wants to read must not keep it from ending
                while process.stdout.read(1 << 20):
                    pass
                status = process.wait()
            if late.is_set() or status:
                errors.seek(0)
                said = errors.read().decode("utf-8", "replace")
                raise self._failure(words, status, seconds if late.is_set() else None, said)

    def _start(self, words: Sequence[str], output: int | IO[bytes], errors: int | IO[bytes]) -> subprocess.Popen[bytes]:
        try:
            # in a session of its own, Ctrl-C reaches us alone: we say when it ends
            return subprocess.Popen(
                [self.path, *words],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                env={**os.environ, **self.variables},
                start_new_session=True,
            )
        except OSError as error:
            raise ProgramError(f"{self.path} cannot be run: {reason(error)}") from error

    def _failure(self, words: Sequence[str], status: int, limit: float | None, said: str) -> ProgramError:
        what = f"`{Path(self.path).name} {next((word for word in words if not word.startswith('-')), '')}`"
        if limit is not None:
            return ProgramError(f"{what} was not done within {limit:g} s", said, late=True)
        return ProgramError(f"{what} failed with status {status}", said)


@contextmanager
def stoppable() -> Iterator[None]:
    """What ends a process, SIGTERM for example, raises KeyboardInterrupt as Ctrl-C does, so that clean-up is done.

    A signal that was to be ignored, as `nohup` wants it of SIGHUP, stays ignored.
    """

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of a handler
        raise KeyboardInterrupt

    with _handled(stop):
        yield


@contextmanager
def shielded() -> Iterator[None]:
    """Nothing but SIGKILL interrupts the clean-up."""
    with _handled(signal.SIG_IGN):
        yield


@contextmanager
def _handled(handler: signal._HANDLER) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    minded = [number for number in STOPPING if signal.getsignal(number) is not signal.SIG_IGN]
    old = {number: signal.signal(number, handler) for number in minded}
    try:
        yield
    finally:
        for number, before in old.items():
            signal.signal(number, before)


@contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """The process is over at the end, whatever happens."""
    try:
        yield
    finally:
        if process.poll() is None:
            with shielded():
                _stop(process, signal.SIGTERM)
                try:
                    process.wait(GRACE)
                except subprocess.TimeoutExpired:
                    _kill(process)
                    process.wait()


@contextmanager
def _limited(process: subprocess.Popen[bytes], seconds: float) -> Iterator[threading.Event]:
    """Stops the process when its time is over; the event says whether that was so."""
    late = threading.Event()

    def stop() -> None:
        late.set()
        _stop(process, signal.SIGTERM)
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            _kill(process)

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()


def _stop(process: subprocess.Popen[bytes], number: int) -> None:
    """Sends a signal to the process and those that it started."""
    with suppress(ProcessLookupError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, number)
        else:
            process.terminate()


def _kill(process: subprocess.Popen[bytes]) -> None:
    _stop(process, getattr(signal, "SIGKILL", signal.SIGTERM))


def _tail(log: Path, most: int = 20_000) -> str:
    """The end of what a program wrote."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - most))
        return file.read().decode("utf-8", "replace")
