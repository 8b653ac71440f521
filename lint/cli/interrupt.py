"""Ctrl-C in the middle of many files: what was found so far is still reported, whole."""

from __future__ import annotations

import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")


class Interrupts:
    """While it is entered, Ctrl-C ends the waiting for the next item at once, and nothing else; asked twice, it ends all."""

    def __init__(self) -> None:
        self.asked = False
        self._waiting = False
        self._before: Any = None

    def __enter__(self) -> Self:
        # in another thread than the first one Ctrl-C is none of ours
        with suppress(ValueError):
            self._before = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def until(self, items: Iterable[T]) -> Iterator[T]:
        """The items up to an interrupt."""
        source = iter(items)
        while not self.asked:
            try:
                self._waiting = True
                item = next(source)
                self._waiting = False
            except (StopIteration, KeyboardInterrupt):
                self._waiting = False
                return
            yield item

    def _handle(self, *_: object) -> None:
        if self._waiting or self.asked:
            self.asked = True
            raise KeyboardInterrupt
        self.asked = True
