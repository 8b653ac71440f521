"""The way of the chunks: which of them are done already, and how far those of now are."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from msgspec import Struct, field

from .scan_values import Done, Lost

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .result_files import ScanResults
    from .scan_values import Chunk


class Flow(Struct):
    """Counts the chunks of a scan; `again` says that those in which something failed are done again."""

    results: ScanResults
    again: bool = False
    keys: set[str] = field(default_factory=set)
    lost: list[Lost] = field(default_factory=list)
    known: int = 0
    written: int = 0
    files: int = 0
    failures: int = 0

    def fresh(self, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
        """The chunks that are still to be done."""
        for chunk in chunks:
            # the same items twice are one part
            if chunk.key in self.keys:
                continue
            self.keys.add(chunk.key)
            if self.results.has(chunk, again=self.again):
                self.known += 1
            else:
                yield chunk

    def keep(self, answer: Done | Lost) -> None:
        """Writes what a chunk gave, or remembers that it gave nothing."""
        if isinstance(answer, Lost):
            self.lost.append(answer)
            return
        self.results.write(answer)
        self.written += 1
        self.files += len(answer.looked)
        self.failures += len(answer.failures)

    def watched(self, answers: Iterable[Done | Lost], *, quiet: bool) -> Iterator[Done | Lost]:
        """The answers, with a line on standard error that says how far it is, where that is a terminal."""
        if quiet or not sys.stderr.isatty():
            yield from answers
            return
        from rich.console import Console
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False) as bar:
            task = bar.add_task(self._words())
            for answer in answers:
                yield answer
                bar.update(task, description=self._words())

    def _words(self) -> str:
        known = f", {self.known:,} parts known" if self.known else ""
        return f"{self.files:,} files{known}, {self.failures:,} failures"
