"""The process that looks at files: reads them from standard input, writes what they gave to standard output, pickled.

A file that takes too long, too much memory, or the process itself with it costs no more than this process.
"""

from __future__ import annotations

import os
import pickle
import resource
import signal
import sys
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

from dockerlint.lint.storage.errors import ConfigError, PluginError

from .scan_values import File, Job, ScanFailure

if TYPE_CHECKING:
    from collections.abc import Iterator

# Seconds to load the rules in.
START = 300


def main() -> None:
    """Answers until nobody asks any more."""
    # what a rule or a library prints must not stand between the answers
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    # the system ends the process at once, whatever it is doing, and whether or not anybody still waits for it
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(START)
    with suppress(EOFError, BrokenPipeError):
        _serve(sys.stdin.buffer, answers)
    # what could not be written would be complained of when Python ends
    os._exit(0)


def _serve(questions: BinaryIO, answers: BinaryIO) -> None:
    job: Job = pickle.load(questions)  # noqa: S301 - from the process that started this one
    try:
        from .file_scan import Unit

        unit = Unit(job, partial(_limited, job.memory))
        unit.look(File("", "", "FROM debian\nRUN true\n"))
    except (ConfigError, PluginError) as error:
        _send(answers, str(error))
        return
    signal.alarm(0)
    _send(answers, None)
    while True:
        file: File = pickle.load(questions)  # noqa: S301
        signal.setitimer(signal.ITIMER_REAL, job.seconds)
        try:
            answer = unit.look(file)
        except MemoryError:
            signal.setitimer(signal.ITIMER_REAL, 0)
            # what it took may not be given back
            _send(answers, ScanFailure(file.repository, file.commit, file.path, "memory", _too_much(job)), is_last=True)
            return
        signal.setitimer(signal.ITIMER_REAL, 0)
        _send(answers, answer)


@contextmanager
def _limited(memory: int) -> Iterator[None]:
    """No more than so many bytes from now on. git, which maps the files of a repository whole, is started before."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    # macOS knows no such limit
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (memory, before[1]))
    try:
        yield
    finally:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, before)


def _too_much(job: Job) -> str:
    return f"it takes more than {job.memory / 1e6:,.0f} MB of memory"


def _send(answers: BinaryIO, answer: object, *, is_last: bool = False) -> None:
    pickle.dump((answer, is_last), answers, pickle.HIGHEST_PROTOCOL)
    answers.flush()


if __name__ == "__main__":
    main()
