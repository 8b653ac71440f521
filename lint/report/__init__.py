"""What was found, as text for people and machines: one module a format, loaded when it is asked for."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dockerlint.lint.engine.findings import Finding, Saving, Severity
    from dockerlint.lint.engine.rule import Rule
    from dockerlint.lint.syntax.lines import Lines
    from dockerlint.lint.syntax.span import Span

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


class Priced(Struct, frozen=True):
    """A finding with its rule, how bad it is here, and what mending it saves where that is known.

    `reach` are the instructions that its fix touches, from the first to the last.
    """

    finding: Finding
    rule: Rule
    severity: Severity
    saving: Saving | None = None
    reach: Span | None = None

    @property
    def worth(self) -> float:
        """The saving on one scale, in seconds a build; 0 when it is not known."""
        return self.saving.worth if self.saving else 0.0


class Fixed(Struct, frozen=True):
    """A fix that was made: its rule's code, what it did, the line it was found on, why, and what it saves."""

    code: str
    title: str
    line: int
    message: str = ""
    saving: Saving | None = None


class Gain(Struct, frozen=True):
    """A file's figures before and after its fixes: bytes of image, seconds of a build after a source edit.

    None where the two cannot be compared, as one of them holds an unknown that the other does not.
    """

    image: tuple[float, float] | None = None
    edit: tuple[float, float] | None = None


class FileReport(Struct, frozen=True):
    """One file: its path as it is shown, its text, what was found in it by place, what was fixed, and the gain."""

    path: str
    doc: Lines
    items: tuple[Priced, ...]
    fixed: tuple[Fixed, ...] = ()
    gain: Gain | None = None

    @property
    def independent(self) -> list[Priced]:
        """The most valuable findings whose fixes leave each other alone, so that their savings add up."""
        if not any(item.saving for item in self.items):
            return []
        taken: list[Span] = []
        chosen = []
        for item in self.by_worth:
            if item.saving is None or item.reach is None:
                continue
            if not any(item.reach.overlaps(other) for other in taken):
                taken.append(item.reach)
                chosen.append(item)
        return chosen

    @property
    def by_worth(self) -> list[Priced]:
        """The most valuable first; what has no known worth after that, the worst first, then by place."""
        return sorted(self.items, key=lambda item: (-item.worth, item.severity.rank, item.finding.span))


class Options(Struct, frozen=True):
    """How to show it: `width` is the terminal's, `unread` are sentences about paths that could not be checked.

    There may be more of these by the time that the last report is there.
    """

    excerpts: bool = False
    colour: bool = False
    width: int = 100
    quiet: bool = False
    statistics: bool = False
    unread: Sequence[str] = ()
    format: str = "text"


class Place(NamedTuple):
    """Lines and columns from 1, columns in characters, the end exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


def render(name: str, reports: Iterable[FileReport], options: Options) -> str:
    """The reports in a format of FORMATS, ready to be written; ends with a line break unless it is empty."""
    return "".join(stream(name, reports, options))


def stream(name: str, reports: Iterable[FileReport], options: Options) -> Iterator[str]:
    """As `render`, in pieces: of the formats that allow it, a piece a report as soon as there is one."""
    module = importlib.import_module(f".{FORMATS[name]}", __name__)
    options = replace(options, format=name)
    if hasattr(module, "stream"):
        yield from module.stream(reports, options)
    else:
        yield module.render(list(reports), options)


def place(doc: Lines, span: Span) -> Place:
    """Where a span is, as an editor counts: a byte order mark is no character of the first line."""
    return Place(*line_and_column(doc, span.start), *line_and_column(doc, span.end))


def line_and_column(doc: Lines, offset: int) -> tuple[int, int]:
    """Line and column of a place, as `place` counts them."""
    line, column = doc.position(offset)
    hidden = line == 1 and column > 1 and doc.text.startswith(BOM)
    return line, column - hidden


def clean(text: str) -> str:
    """Text for a machine's format: bytes that were no UTF-8, which no format can hold, become U+FFFD."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def is_clean(texts: Iterable[str]) -> bool:
    """Whether a machine's format can hold the texts as they are."""
    return all(text.isascii() or clean(text) == text for text in texts)
