"""What was found, as text for people and machines: one module a format, loaded when it is asked for."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..findings import Finding, Saving, Severity, Span
    from ..nodes import Dockerfile
    from ..rule import Rule

FORMATS = {
    "text": "text",
    "json": "json_",
    "sarif": "sarif",
    "github": "github",
    "gitlab": "codeclimate",
    "checkstyle": "checkstyle",
    "junit": "junit",
    "sonarqube": "sonarqube",
    "codeclimate": "codeclimate",
    "codacy": "codacy",
    "gnu": "gnu",
    "rdjson": "rdjson",
    "markdown": "markdown",
}
BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Priced:
    """A finding with its rule, how bad it is here, and what mending it saves where that is known."""

    finding: Finding
    rule: Rule
    severity: Severity
    saving: Saving | None = None

    @property
    def worth(self) -> float:
        """The saving on one scale, in seconds a build; 0 when it is not known."""
        return self.saving.worth if self.saving else 0.0


@dataclass(frozen=True, slots=True)
class Fixed:
    """A fix that was made: its rule's code, what it did, the line it was found on, why, and what it saves."""

    code: str
    title: str
    line: int
    message: str = ""
    saving: Saving | None = None


@dataclass(frozen=True, slots=True)
class Gain:
    """A file's figures before and after its fixes: bytes of image, seconds of a build after a source edit.

    None where the two cannot be compared, as one of them holds an unknown that the other does not.
    """

    image: tuple[float, float] | None = None
    edit: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class FileReport:
    """One file: its path as it is shown, its text as a tree, what was found in it by place, what was fixed, and the gain."""

    path: str
    doc: Dockerfile
    items: tuple[Priced, ...]
    fixed: tuple[Fixed, ...] = ()
    gain: Gain | None = None

    @property
    def independent(self) -> list[Priced]:
        """The most valuable findings whose fixes leave each other alone, so that their savings add up."""
        taken: list[Span] = []
        chosen = []
        for item in self.by_worth:
            fix = item.finding.fix
            if item.saving is None or fix is None:
                continue
            place = self.doc.enclosing(*(edit.span for edit in fix.edits))
            if not any(place.overlaps(other) for other in taken):
                taken.append(place)
                chosen.append(item)
        return chosen

    @property
    def by_worth(self) -> list[Priced]:
        """The most valuable first; what has no known worth after that, the worst first, then by place."""
        return sorted(self.items, key=lambda item: (-item.worth, item.severity.rank, item.finding.span))


@dataclass(frozen=True, slots=True)
class Options:
    """How to show it: `width` is the terminal's, `unread` are sentences about paths that could not be checked."""

    excerpts: bool = False
    colour: bool = False
    width: int = 100
    quiet: bool = False
    statistics: bool = False
    unread: tuple[str, ...] = ()
    format: str = "text"


class Place(NamedTuple):
    """Lines and columns from 1, columns in characters, the end exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


def render(name: str, reports: Sequence[FileReport], options: Options) -> str:
    """The reports in a format of FORMATS, ready to be written; ends with a line break unless it is empty."""
    module = importlib.import_module(f".{FORMATS[name]}", __name__)
    text: str = module.render(reports, replace(options, format=name))
    return text


def place(doc: Dockerfile, span: Span) -> Place:
    """Where a span is, as an editor counts: a byte order mark is no character of the first line."""
    return Place(*_position(doc, span.start), *_position(doc, span.end))


def _position(doc: Dockerfile, offset: int) -> tuple[int, int]:
    line, column = doc.position(offset)
    hidden = line == 1 and column > 1 and doc.text.startswith(BOM)
    return line, column - hidden


def clean(text: str) -> str:
    """Text for a machine's format: bytes that were no UTF-8, which no format can hold, become U+FFFD."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def is_clean(texts: Iterable[str]) -> bool:
    """Whether a machine's format can hold the texts as they are."""
    return all(text.isascii() or clean(text) == text for text in texts)
