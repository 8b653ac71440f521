"""Ctrl-C, or a polite request to end, in the middle of many files: what was found so far is still reported, whole."""

from __future__ import annotations

import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")


class Interrupts:
    """While it is entered, Ctrl-C and SIGTERM end the waiting for the next item at once, and nothing else; asked twice, all.

    `by` is the signal that came first.
    """

    def __init__(self) -> None:
        self.asked = False
        self.by = 0
        self._waiting = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        # in another thread than the first one Ctrl-C is none of ours
        with suppress(ValueError):
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

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
            except Exception:
                self._waiting = False
                # the processes that look at files were asked to end too
                if self.asked:
                    return
                raise
            yield item

    def _handle(self, number: int, _: object) -> None:
        self.by = self.by or number
        if self._waiting or self.asked:
            self.asked = True
            raise KeyboardInterrupt
        self.asked = True
