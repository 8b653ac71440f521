"""How far a run over many files is, for who sits at a terminal."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

MANY_FILES = 200

T = TypeVar("T")


@contextmanager
def progress(count: int, *, quiet: bool = False) -> Iterator[Callable[[Iterable[T]], Iterator[T]]]:
    """Counts the items of an iterator that go by, in a bar on standard error where that is a terminal and there are many."""
    if quiet or count < MANY_FILES or not sys.stderr.isatty():
        yield iter
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    console = Console(stderr=True)
    # what goes to the same terminal is written above the bar
    shared = sys.stdout.isatty()
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, redirect_stdout=shared) as bar:
        task = bar.add_task("", total=count)

        def seen(items: Iterable[T]) -> Iterator[T]:
            for item in items:
                bar.advance(task)
                yield item

        yield seen
