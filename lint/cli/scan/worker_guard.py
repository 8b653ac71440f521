"""Keeps a process that looks at files, and starts another one when a file was the end of it."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING

from dockerlint.lint.cli.task import DEBUG

from .scan_values import BrokenOffError, Done, Looked, ScanFailure

if TYPE_CHECKING:
    from .scan_values import Chunk, File, Job

# How often a file is tried that a process dies of, which may have been killed for another reason.
TRIES = 2
# What comes of a pipe that nobody is at the other end of, or that was closed meanwhile.
GONE = (EOFError, OSError, ValueError, pickle.UnpicklingError)


class ClosedError(Exception):
    """The guard was told to stop."""


class Guard:
    """Looks at files in another process. One thread asks; another one may close it at any time."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = Lock()
        self._is_closed = False

    def look(self, chunk: Chunk) -> Done:
        """What a chunk gives. Raises ClosedError when it was closed, BrokenOffError when no process can be started."""
        looked: list[Looked] = []
        failures: list[ScanFailure] = []
        for item in chunk.items:
            answer = item if isinstance(item, ScanFailure) else self._answer(item)
            if isinstance(answer, Looked):
                looked.append(answer)
            else:
                failures.append(answer)
        return Done(chunk.key, tuple(looked), tuple(failures))

    def close(self) -> None:
        """Ends the process, now."""
        with self._lock:
            self._is_closed = True
            if self._process:
                self._process.kill()
                _hang_up(self._process)
                self._process.wait()

    def _answer(self, file: File) -> Looked | ScanFailure:
        for number in range(1, TRIES + 1):
            try:
                return self._ask(file)
            except GONE:
                failure = self._buried(file)
                if failure.kind == "time" or number == TRIES:
                    return failure
        raise AssertionError("the last try gives something")

    def _ask(self, file: File) -> Looked | ScanFailure:
        process = self._started()
        answer, is_last = _asked(process, file)
        if is_last:
            self._end()
        assert isinstance(answer, Looked | ScanFailure)
        return answer

    def _started(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._is_closed:
                raise ClosedError
            if self._process:
                return self._process
            process = self._process = subprocess.Popen(
                # -P: nothing of the current folder is a module
                [sys.executable, "-P", "-m", f"{__package__}.worker"],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=None if os.environ.get(DEBUG) else subprocess.DEVNULL,
                process_group=0,  # a terminal's Ctrl-C is for those who asked
            )
        try:
            refusal, _ = _asked(process, self.job)
        except GONE as error:
            status = self._end()
            if self._is_closed:
                raise ClosedError from error
            raise BrokenOffError(
                f"a process that looks at files ends as soon as it is started ({_status(status)}); set {DEBUG}=1 to see why"
            ) from error
        if refusal is not None:
            self._end()
            raise BrokenOffError(str(refusal))
        return process

    def _buried(self, file: File) -> ScanFailure:
        """Why there was no answer for a file. Raises ClosedError when nobody wanted one."""
        status = self._end()
        if self._is_closed:
            raise ClosedError
        kind, reason = "crash", f"the process that looked at it came to its end ({_status(status)})"
        if status == -signal.SIGALRM:
            kind, reason = "time", f"it takes more than {self.job.seconds:g} s"
        elif status == -signal.SIGKILL:
            reason += "; perhaps the machine has too little memory"
        return ScanFailure(file.repository, file.commit, file.path, kind, reason)

    def _end(self) -> int:
        """Waits for the process, which answers no more, and gives its exit status."""
        with self._lock:
            process, self._process = self._process, None
        assert process
        _hang_up(process)
        try:
            return process.wait(timeout=self.job.seconds + 10)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()


def _hang_up(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        assert pipe
        # what was still to be written to it, nobody will read
        with suppress(OSError):
            pipe.close()


def _asked(process: subprocess.Popen[bytes], question: object) -> tuple[object, bool]:
    assert process.stdin
    assert process.stdout
    pickle.dump(question, process.stdin, pickle.HIGHEST_PROTOCOL)
    process.stdin.flush()
    answer: tuple[object, bool] = pickle.load(process.stdout)  # noqa: S301 - from a process of ours
    return answer


def _status(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    return signal.strsignal(-status) or f"signal {-status}"
