"""What was found in a file, kept between runs: found again as long as nothing that it rests on has changed."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.json import decode, encode

from dockerlint.lint.catalogue.basis import Basis
from dockerlint.lint.context.recording_context import is_same
from dockerlint.lint.storage import installation
from dockerlint.lint.storage import sqlite_store as store
from dockerlint.lint.storage.checksum import checksum
from dockerlint.lint.syntax.lines import Lines
from dockerlint.lint.syntax.span import Edit, Span

from .file_report import FileReport, Priced
from .findings import Applicability, Finding, Fix, Saving, Severity
from .rule import Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from dockerlint.lint.context.build_context import Context
    from dockerlint.lint.context.recording_context import Question

# Where a context keeps what was measured of its builds: estimates rest on it.
MEASURED = (".dlint", "measured.json")
# Besides these, what programs say may depend on their own files, which their size and time stand for.
Asked = tuple[tuple["Question", str], ...]


class Kept(Struct, frozen=True):
    """What is kept of one file: its report, the level from which it fails, notes, and what was asked of its context."""

    report: FileReport
    fail_on: Severity | None
    notes: tuple[str, ...]
    asked: Asked


class ResultCache(Struct):
    """The results of earlier runs.

    `base` is all that a result depends on besides its file and its configuration; `rule` gives a rule with its
    documentation, for reports that show it: without it the rules are names only.
    """

    base: str
    rule: Callable[[str, Severity], Rule] | None = None
    store: store.Store = field(default_factory=lambda: store.results())
    _new: dict[bytes, bytes] = field(default_factory=dict)

    def key(self, path: str, settings: object, data: bytes) -> bytes:
        """The name of a file's result: of its path, its content, and its configuration as it prints."""
        text = f"{self.base}\0{path}\0{settings!r}\0".encode("utf-8", "surrogateescape")
        return checksum(text + data, 20)

    def known(self, files: Mapping[bytes, tuple[str, str, Context | None]]) -> dict[bytes, Kept]:
        """What is known of files by their keys: of each its path, its text and its build context."""
        found = {}
        for key, value in self.store.get(files).items():
            path, text, context = files[key]
            kept = self._read(value, path, text)
            if kept is not None and is_same(context, kept.asked):
                found[key] = kept
        return found

    def keep(self, key: bytes, kept: Kept) -> None:
        """Remember a result, from the next `flush` on."""
        # bytes that are no UTF-8, in a message, are no text for JSON either
        with suppress(UnicodeEncodeError):
            self._new[key] = _write(kept)

    def flush(self) -> None:
        """Store what was kept since the last time."""
        self.store.put(self._new)
        self._new.clear()

    def _read(self, value: bytes, path: str, text: str) -> Kept | None:
        """A value as it was written; None when it has another form."""
        try:
            data = decode(value)
            items = tuple(self._priced(item) for item in data["items"])
            asked = tuple((tuple(question), answer) for question, answer in data["asked"])
            fail_on = Severity(data["fail_on"]) if data["fail_on"] else None
            return Kept(FileReport(path, Lines(text), items), fail_on, tuple(data["notes"]), asked)
        except (ValueError, TypeError, KeyError):
            return None

    def _priced(self, item: list[Any]) -> Priced:
        (code, name, aliases, recommended, own), start, end, message, fix, level, saving, reach, cause, rank = item
        severity = Severity(level)
        rule = self.rule(code, Severity(own)) if self.rule else _named(code, name, tuple(aliases), own, recommended)
        finding = Finding(Span(start, end), message, _fix(fix) if fix else None, code)
        return Priced(finding, rule, severity, _saving(saving) if saving else None, Span(*reach) if reach else None, cause, rank)


def base(*parts: object) -> str:
    """All that results depend on besides files and configurations: this program, its plug-ins, where and when it runs."""
    # an image that is in support today is out of it some day
    day = int(time.time()) // store.DAY
    return repr((_program(), sys.version, os.getcwd(), day, parts))  # noqa: PTH109 - as paths are shown relative to it


def measured(root: Path) -> tuple[int, int] | None:
    """Size and time of what was measured in a context; None when nothing was."""
    try:
        state = os.stat(os.path.join(root, *MEASURED))  # noqa: PTH116, PTH118 - as quick as can be: it is done for each file
    except OSError:
        return None
    return state.st_size, state.st_mtime_ns


@cache
def _program() -> str:
    """A digest of the files of this program, and of the folders that plug-ins are installed in, by size and time."""
    lines = [installation.state()]
    for folder in sys.path:
        try:
            lines.append(f"{folder}\0{os.stat(folder).st_mtime_ns}")  # noqa: PTH116
        except OSError:
            continue
    return checksum("\n".join(lines).encode("utf-8", "surrogateescape"), 16).hex()


def _write(kept: Kept) -> bytes:
    data = {
        "items": [_item(item) for item in kept.report.items],
        "notes": kept.notes,
        "fail_on": kept.fail_on.value if kept.fail_on else None,
        "asked": kept.asked,
    }
    return encode(data)


def _item(item: Priced) -> list[Any]:
    finding, rule = item.finding, item.rule
    fix = finding.fix and [finding.fix.title, finding.fix.applicability, [(*edit.span, edit.text) for edit in finding.fix.edits]]
    saving = item.saving and _saving_row(item.saving)
    named = [rule.code, rule.name, rule.aliases, rule.recommended, rule.severity.value]
    return [named, *finding.span, finding.message, fix, item.severity.value, saving, item.reach, item.cause, item.rank]


def _fix(data: list[Any]) -> Fix:
    title, applicability, edits = data
    return Fix(title, tuple(Edit(Span(start, end), text) for start, end, text in edits), Applicability(applicability))


def _saving_row(saving: Saving) -> list[Any]:
    return [saving.image_bytes, saving.rebuild_seconds, saving.basis.value, saving.bytes_bounds, saving.seconds_bounds]


def _saving(data: list[Any]) -> Saving:
    size, seconds, basis, *bounds = data
    return Saving(size, seconds, Basis(basis), *(tuple(pair) if pair else None for pair in bounds))


@cache
def _named(code: str, name: str, aliases: tuple[str, ...], severity: str, recommended: bool) -> Rule:
    return Rule(code, name, Severity(severity), aliases, recommended, _unloaded, str)


def _unloaded(*_: object) -> Iterator[Finding]:
    raise RuntimeError("this rule is known by its name only")
