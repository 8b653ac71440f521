"""Other processes that look at files for this one, and that end when it does."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

from .one_file import work

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from .task import Result, Task


class Processes:
    """So many processes, which begin with the first work and then stay."""

    def __init__(self, count: int) -> None:
        # a forked process has all that is loaded already; elsewhere forking is not safe, or not there
        start = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
        self._pool = ProcessPoolExecutor(count, start, _begin)

    def results(self, task: Task, batches: Iterator[Sequence[Path]]) -> Iterator[Result]:
        """What came of the files, in their order; a batch is a process's next piece of work."""
        with _undisturbed():
            found = self._pool.map(partial(_work, task), batches)
        for results in found:
            yield from results

    def stop(self) -> None:
        """Ends them in the middle of their work, which may be seconds long; no file is lost by that."""
        if sys.platform == "win32":
            # there they cannot choose when to end
            return
        # where all of them were asked to end, the pool's own thread stumbles over what is cancelled: nobody waits for it any more
        threading.excepthook = lambda _: None
        for number in [process.pid for process in multiprocessing.active_children() if process.pid]:
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGUSR1)

    def end(self) -> None:
        """Lets them go; what they have not begun is not done."""
        self._pool.shutdown(cancel_futures=True)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """No signal meets a process that has begun but does not listen yet, nor this one before it knows of all of them."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGUSR1})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin() -> None:
    """The first one decides what comes of Ctrl-C, and when it is gone, so is the work."""
    # Ctrl-C goes to all processes of a terminal
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform != "win32":
        signal.signal(signal.SIGUSR1, _TURN.end)
        # by this the pool ends them all when one of them is gone
        signal.signal(signal.SIGTERM, _TURN.leave)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGUSR1})
    threading.Thread(target=_end_with_parent, daemon=True).start()


class _LeaveError(BaseException):
    """The process is to end as soon as it has cleaned up, with this status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class _Turn:
    """Work that may be ended, but not while it is said what came of it: the first process would wait for the rest of that for ever."""

    def __init__(self) -> None:
        self.is_working = self.is_over = False

    def end(self, *_: object) -> None:
        self.is_over = True
        if self.is_working:
            raise KeyboardInterrupt

    def leave(self, number: int, _: object) -> None:
        if not self.is_working:
            os._exit(128 + number)
        raise _LeaveError(128 + number)

    def work(self, task: Task, paths: Sequence[Path]) -> list[Result]:
        try:
            self.is_working = True
            if self.is_over:
                raise KeyboardInterrupt
            return work(task, paths)
        except _LeaveError as error:
            # what was half written is gone by now
            os._exit(error.status)
        except KeyboardInterrupt as error:
            # where the first process did not ask for that, it must not take it for a Ctrl-C of its own
            raise RuntimeError("a process was stopped before its work was done") from error
        finally:
            self.is_working = False


_TURN = _Turn()


def _work(task: Task, paths: Sequence[Path]) -> list[Result]:
    return _TURN.work(task, paths)


def _end_with_parent() -> None:
    """Without this, processes whose first one was killed wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
