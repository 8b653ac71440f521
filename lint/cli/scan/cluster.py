"""Chunks on a cluster of dask.distributed that is there already: each is a task; a worker that is lost is no matter."""

from __future__ import annotations

import importlib
import threading
import time
from concurrent.futures import CancelledError
from itertools import islice
from typing import TYPE_CHECKING, Any

from .scan_values import BrokenOffError, Lost, ScanError, program
from .worker_guard import Guard

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .scan_values import Chunk, Done, Job

# Chunks under way for each thread of the cluster, and seconds after which the threads are counted anew.
AHEAD, COUNTED_FOR = 3, 10.0
# Seconds to wait for the scheduler, and for a first worker.
PATIENCE, FIRST_WORKER = 30, 120
# How often a chunk is given to the cluster anew after the workers that had it were lost: dask has tried it by then on
# several of them (distributed.scheduler.allowed-failures).
TRIES = 3

# What a client is while it has its scheduler, or still hopes for it.
ALIVE = ("running", "connecting")

_mine = threading.local()


class OtherProgramError(Exception):
    """A worker has another version of this program, or of its plug-ins."""


def look(job: Job, chunk: Chunk) -> Done:
    """On a worker: what a chunk gives. Each of its threads keeps a process."""
    if program() != job.program:
        raise OtherProgramError("a worker has another version of dlint, or of its plug-ins, than the scan was started with")
    guard: Guard | None = getattr(_mine, "guard", None)
    if guard is None or guard.job != job:
        if guard is not None:
            guard.close()
        guard = _mine.guard = Guard(job)
    return guard.look(chunk)


def run(job: Job, chunks: Iterable[Chunk], address: str) -> Iterator[Done | Lost]:
    """What the chunks give, as they get done. Raises ScanError without a scheduler, or where workers are of no use."""
    # it says little of its types
    distributed: Any = importlib.import_module("distributed")
    client = _connected(distributed.Client, address)
    rest = iter(chunks)
    tries: dict[str, int] = {}
    try:
        if not client.nthreads():
            client.wait_for_workers(1, timeout=FIRST_WORKER)
        flow = distributed.as_completed()
        room = _Room(client)
        given: dict[str, Chunk] = {}

        def give(chunk: Chunk) -> None:
            tries[chunk.key] = tries.get(chunk.key, 0) + 1
            given[chunk.key] = chunk
            # a key that has failed is not tried again
            name = f"dlint-{chunk.key}-{tries[chunk.key]}"
            flow.add(client.submit(look, job, chunk, key=name, pure=False, retries=TRIES))

        for chunk in islice(rest, room.now()):
            give(chunk)
        for future in flow:
            if client.status not in ALIVE:
                raise OSError("the scheduler is gone")
            key = future.key.split("-")[1]
            chunk = given.pop(key)
            error = future.exception() if future.status != "cancelled" else CancelledError("the cluster dropped it")
            if error is None:
                del tries[key]
                yield future.result()
            elif isinstance(error, OtherProgramError | ScanError):
                raise BrokenOffError(str(error)) from error
            elif tries[key] < TRIES:
                give(chunk)
            else:
                yield Lost(key, f"{type(error).__name__}: {error}")
            future.release()
            for chunk in islice(rest, max(room.now() - len(given), 0)):
                give(chunk)
    except (OSError, TimeoutError, CancelledError, RuntimeError) as error:
        # what dask raises when it has given up is no more than that
        if isinstance(error, RuntimeError) and client.status in ALIVE:
            raise
        raise BrokenOffError(f"the cluster at {address} does not answer any more, or has no worker: {error}") from error
    finally:
        client.close()


class _Room:
    """How many chunks may be under way, as workers come and go."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._count = 0
        self._at = 0.0

    def now(self) -> int:
        if not self._count or time.monotonic() - self._at > COUNTED_FOR:
            self._count = AHEAD * max(1, sum(self._client.nthreads().values()))
            self._at = time.monotonic()
        return self._count


def _connected(client: Any, address: str) -> Any:
    try:
        return client(address, timeout=PATIENCE, name="dlint-scan")
    except (OSError, TimeoutError, ValueError) as error:
        raise ScanError(f"{address}: no Dask scheduler answers at this address: {error}") from error
