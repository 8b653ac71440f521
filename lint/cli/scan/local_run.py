"""Chunks on this machine: a thread a core, each with a process of its own that looks at the files."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from itertools import islice
from queue import SimpleQueue
from typing import TYPE_CHECKING

from .worker_guard import Guard

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from concurrent.futures import Future

    from .scan_values import Chunk, Done, Job

# Chunks under way for each process, so that none waits for its next one.
AHEAD = 2


def run(job: Job, chunks: Iterable[Chunk], jobs: int) -> Iterator[Done]:
    """What the chunks give, as they get done. Raises BrokenOffError when no process can be started."""
    guards = [Guard(job) for _ in range(jobs)]
    free = SimpleQueue[Guard]()
    for guard in guards:
        free.put(guard)

    def look(chunk: Chunk) -> Done:
        guard = free.get()
        try:
            return guard.look(chunk)
        finally:
            free.put(guard)

    pool = ThreadPoolExecutor(jobs)
    rest = iter(chunks)
    try:
        waiting: set[Future[Done]] = {pool.submit(look, chunk) for chunk in islice(rest, AHEAD * jobs)}
        while waiting:
            ready, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            waiting |= {pool.submit(look, chunk) for chunk in islice(rest, len(ready))}
            for future in ready:
                yield future.result()
    finally:
        for guard in guards:
            guard.close()
        pool.shutdown(cancel_futures=True)
