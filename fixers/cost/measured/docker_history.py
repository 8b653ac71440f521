"""`docker history --no-trunc -H=false --format json`: bytes of each instruction of an image.

Source: docker/cli, cli/command/formatter and cli/command/image/history.go.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from dockerlint.lint.storage.lazy_regex import regex

from .measured_row import Figures, MeasuredError, Row

if TYPE_CHECKING:
    from collections.abc import Iterator

# Without -H=false sizes are for people: three or four digits and a decimal unit (docker/go-units, HumanSize).
SIZE = regex(r"(\d{1,18}(?:\.\d{1,9})?)\s?([kKMGTP]?)i?B?")
UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12, "p": 10**15}
MOST_BYTES = 1 << 50
MOST_ENTRIES = 100_000


def read(text: str, name: str) -> tuple[Row, ...]:
    """The rows of a history, the oldest first; `name` is the file's, for messages.

    Raises MeasuredError when it is none.
    """
    rows = [_row(item, name, number) for number, item in enumerate(_bounded(_objects(text, name), name), 1)]
    if not rows:
        raise MeasuredError(f"{name}: it has no history")
    return tuple(reversed(rows))


def _objects(text: str, name: str) -> Iterator[Any]:
    """One object a line, or a list of them, or objects over several lines one after the other."""
    decoder = json.JSONDecoder()
    at = 0
    while True:
        while at < len(text) and (text[at].isspace() or text[at] == "\ufeff"):
            at += 1
        if at == len(text):
            return
        try:
            found, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            raise MeasuredError(
                f"{name}:{text.count(chr(10), 0, at) + 1}: not valid JSON; "
                "make it with `docker history --no-trunc -H=false --format '{{json .}}' IMAGE`"
            ) from error
        yield from found if isinstance(found, list) else (found,)


def _bounded(items: Iterator[Any], name: str) -> Iterator[Any]:
    for count, item in enumerate(items):
        if count == MOST_ENTRIES:
            raise MeasuredError(f"{name}: there are more than {MOST_ENTRIES:,} entries in it; dlint does not read it")
        yield item


def _row(item: Any, name: str, number: int) -> Row:
    if not isinstance(item, dict) or not isinstance(item.get("CreatedBy"), str):
        raise MeasuredError(f"{name}: entry {number} has no CreatedBy: this is not `docker history`")
    return Row(item["CreatedBy"], Figures(adds=_size(item.get("Size"), name, number)))


def _size(value: Any, name: str, number: int) -> int:
    found = None
    if isinstance(value, int) and not isinstance(value, bool):
        found = value
    elif isinstance(value, str) and (match := SIZE.fullmatch(value.strip())):
        found = round(float(match[1]) * UNITS[match[2].lower()])
    if found is None or not 0 <= found <= MOST_BYTES:
        raise MeasuredError(f"{name}: entry {number} has no size that makes sense")
    return found
