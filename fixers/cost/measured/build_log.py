"""The log of a build: seconds of each step, from `--progress=plain` or `--progress=rawjson`.

Source: moby/buildkit, util/progress/progressui (printer.go, display.go) and client/graph.go.
"""

from __future__ import annotations

import json
from datetime import datetime
from io import StringIO
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from dockerlint.fixers.cost.bounded import Amount
from dockerlint.lint.catalogue.basis import Basis
from dockerlint.lint.storage.lazy_regex import regex

from .measured_row import Figures, MeasuredError, Row

if TYPE_CHECKING:
    from collections.abc import Iterable

# Build services put the time before each line, and some logs keep the terminal's colours.
LINE = regex(r"(?:\d{4}-\d\d-\d\d[T ][\d:.,]{8,20}(?:Z|[+-]\d\d:?\d\d)?\s)?\s*#(\d{1,9}) (.*)")
COLOUR = regex(r"\x1b\[[\d;]{0,16}[A-Za-z]")
DONE = regex(r"DONE (\d{1,9}(?:\.\d{1,9})?)s")
# A pull that fetched something; an image that is there already is resolved in no time, and says nothing of a cold build.
FETCHED = regex(r"(?:extracting )?sha256:[0-9a-f]{12,64} \S")
ROUNDING = 0.05
DECIMALS = 3
MOST_SECONDS = 10_000_000.0
MOST_VERTICES = 100_000


class _Vertex(Struct):
    """A step as the log tells it, so far."""

    name: str
    seconds: Amount | None = None
    cached: bool = False
    failed: bool = False
    fetched: bool = False
    intervals: dict[float, float] = field(default_factory=dict)

    def row(self) -> Row | None:
        labels, text = _split(self.name)
        if labels is None and not text.startswith("FROM "):
            return None
        known = not (self.cached or self.failed) and (self.fetched or not text.startswith("FROM "))
        return Row(text, Figures(seconds=self.seconds if known else None), labels or ())


def read(text: str, name: str) -> tuple[Row, ...]:
    """The steps of a log in the order in which they are named there; those from the cache have no seconds.

    Raises MeasuredError when it is no log of BuildKit.
    """
    found = _raw(text, name) if text.lstrip("\ufeff \t\r\n").startswith("{") else _plain(text, name)
    rows = tuple(row for row in (vertex.row() for vertex in found) if row is not None)
    if not rows:
        raise MeasuredError(
            f"{name}: it has no BuildKit steps; make one with `docker build --no-cache --progress=plain . 2>FILE`"
        )
    return rows


def _split(name: str) -> tuple[tuple[str, ...] | None, str]:
    """The words in the brackets but for the number, and the instruction: `[linux/amd64 build 2/7] RUN x`."""
    head, bracket, text = name.partition("] ")
    words = head.removeprefix("[").split()
    if not bracket or not name.startswith("[") or not words or not words[-1].replace("/", "", 1).isdigit():
        return None, name
    return tuple(words[:-1]), text


def _bound(found: dict[str, _Vertex], name: str) -> None:
    if len(found) > MOST_VERTICES:
        raise MeasuredError(f"{name}: there are more than {MOST_VERTICES:,} steps in it; dlint does not read it")


def _plain(text: str, name: str) -> Iterable[_Vertex]:
    found: dict[str, _Vertex] = {}
    # not splitlines(): a list of all of them takes many times as much memory as the text
    for line in StringIO(text, newline=None):
        match = LINE.fullmatch(COLOUR.sub("", line).rstrip())
        if not match:
            continue
        number, words = match.groups()
        vertex = found.get(number)
        if vertex is None:
            found[number] = _Vertex(words)
            _bound(found, name)
        elif words == "CACHED":
            vertex.cached = True
        elif words.startswith(("ERROR", "CANCELED")):
            vertex.failed = True
        elif done := DONE.fullmatch(words):
            # a step that goes on after it was done says the sum again
            seconds = max(float(done[1]), vertex.seconds.mid if vertex.seconds else 0.0)
            vertex.seconds = _rounded(seconds) if seconds < MOST_SECONDS else None
        elif FETCHED.match(words):
            vertex.fetched = True
    return found.values()


def _rounded(seconds: float) -> Amount:
    """What a figure with one decimal may have been."""
    low, high = max(seconds - ROUNDING, 0.0), seconds + ROUNDING
    return Amount(round(low, DECIMALS), seconds, round(high, DECIMALS), Basis.MEASURED)


def _raw(text: str, name: str) -> Iterable[_Vertex]:
    found: dict[str, _Vertex] = {}
    for number, line in enumerate(StringIO(text.lstrip("\ufeff"), newline=None), 1):
        if not line.strip().startswith("{"):
            # what other programs wrote between
            continue
        try:
            status = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise MeasuredError(f"{name}:{number}: this line is not valid JSON; the log may be cut off") from error
        for item in _list(status, "vertexes"):
            _take(found, item)
            _bound(found, name)
        for item in _list(status, "statuses"):
            vertex = found.get(str(_get(item, "vertex")))
            if vertex is not None and _is_fetch(item):
                vertex.fetched = True
    for vertex in found.values():
        vertex.seconds = _sum(vertex.intervals)
    return found.values()


def _is_fetch(status: Any) -> bool:
    return str(_get(status, "id") or "").startswith(("sha256:", "extracting sha256:"))


def _take(found: dict[str, _Vertex], item: Any) -> None:
    digest, name = _get(item, "digest"), _get(item, "name")
    if not isinstance(digest, str) or not isinstance(name, str):
        return
    vertex = found.setdefault(digest, _Vertex(name))
    # a vertex is told again with each change; what comes last holds
    vertex.cached = _get(item, "cached") is True
    vertex.failed = bool(_get(item, "error"))
    start, end = _time(_get(item, "started")), _time(_get(item, "completed"))
    if start is not None and end is not None and end >= start:
        vertex.intervals[start] = end


def _get(item: Any, name: str) -> Any:
    """A field by its name in lower case; old versions wrote Go's names."""
    if not isinstance(item, dict):
        return None
    return item.get(name, item.get("ID" if name == "id" else name.capitalize()))


def _list(item: Any, name: str) -> list[Any]:
    found = _get(item, name)
    return found if isinstance(found, list) else []


def _time(value: Any) -> float | None:
    """Seconds since the epoch; RFC 3339 has up to nine decimals, of which Python reads six."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    head, dot, tail = value.partition(".")
    digits = len(tail) - len(tail.lstrip("0123456789"))
    short = f"{head}.{tail[:digits][:6]:0<6}{tail[digits:]}" if dot else value
    try:
        return datetime.fromisoformat(short).timestamp()
    except (ValueError, OverflowError):
        return None


def _sum(intervals: dict[float, float]) -> Amount | None:
    """The seconds in which a step was at work; overlapping times count once."""
    if not intervals:
        return None
    seconds, until = 0.0, float("-inf")
    for start, end in sorted(intervals.items()):
        seconds += max(end - max(start, until), 0.0)
        until = max(until, end)
    return Amount.exact(round(seconds, DECIMALS)) if seconds < MOST_SECONDS else None
