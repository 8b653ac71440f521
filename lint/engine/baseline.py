"""A baseline: the findings that were there on some day, so that only new ones are reported."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, ValidationError, convert
from msgspec.structs import replace

from dockerlint.lint.storage.errors import ConfigError
from dockerlint.lint.syntax.source import reason, whole

from .fingerprint import fingerprints

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dockerlint.lint.syntax.lines import Lines

    from .file_report import FileReport
    from .findings import Finding

VERSION = 2
# Of this version files are read too: lists of hashes by file, without words.
HASHES_ONLY = 1
# A finding takes some two hundred: those of 300,000 fit.
MOST_BYTES = 64_000_000
LONGEST_EXCERPT = 100


class Entry(Struct, frozen=True):
    """One known finding: what it was found in, for those who read the file, and the hash that it is known by."""

    file: str
    code: str
    excerpt: str
    hash: str


class Baseline(Struct, frozen=True):
    """Hashes of known findings by file; the files' paths are relative to the baseline's folder."""

    folder: Path
    known: Mapping[str, frozenset[str]]

    @classmethod
    def read(cls, path: Path) -> Baseline:
        """Read a baseline.

        Raises ConfigError when there is none or it is not one of ours.
        """
        try:
            data = json.loads(whole(path, MOST_BYTES))
        except OSError as error:
            hint = "; --write-baseline makes it" if isinstance(error, FileNotFoundError) else ""
            raise ConfigError(f"{path}: the baseline cannot be read: {reason(error)}{hint}") from error
        except (ValueError, RecursionError) as error:
            raise ConfigError(f"{path}: the baseline is not valid JSON: {error}") from error
        known = _hashes(data) if isinstance(data, dict) else None
        if known is None:
            raise ConfigError(f"{path}: not a baseline of version {VERSION} or {HASHES_ONLY}; write it again with --write-baseline")
        return cls(path.parent, known)

    def new(self, report: FileReport) -> FileReport:
        """The report without the findings that the baseline knows."""
        known = self.known.get(_key(report.path, self.folder), frozenset())
        names = fingerprints(report.doc, (item.finding for item in report.items))
        items = tuple(item for item, name in zip(report.items, names, strict=True) if name not in known)
        return replace(report, items=items)


def text(path: Path, reports: Iterable[FileReport]) -> str:
    """What a baseline of all findings of the reports holds, when it is to lie at a path: a line a finding, so that it can be
    reviewed and compared.
    """
    entries = sorted(entry for report in reports for entry in _entries(_key(report.path, path.parent), report))
    lines = ",\n".join(f"  {json.dumps(dict(zip(Entry.__struct_fields__, entry, strict=True)))}" for entry in entries)
    return f'{{\n "version": {VERSION},\n "findings": [\n{lines}\n ]\n}}\n' if lines else f'{{\n "version": {VERSION},\n "findings": []\n}}\n'


def _entries(file: str, report: FileReport) -> Iterator[tuple[str, str, str, str]]:
    names = fingerprints(report.doc, (item.finding for item in report.items))
    for item, name in zip(report.items, names, strict=True):
        yield file, item.finding.code, _excerpt(report.doc, item.finding), name


def _excerpt(doc: Lines, finding: Finding) -> str:
    """The line that a finding begins in, without the blanks around it, cut where it gets long."""
    line = doc.source(doc.line_span(doc.line(finding.span.start)))
    words = " ".join(line.split()).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return words if len(words) <= LONGEST_EXCERPT else words[: LONGEST_EXCERPT - 3] + "..."


def _hashes(data: Mapping[str, Any]) -> Mapping[str, frozenset[str]] | None:
    """The hashes by file that a baseline holds; None when it is none."""
    if data.get("version") == HASHES_ONLY:
        files = data.get("files")
        if not isinstance(files, dict) or not all(isinstance(names, list) for names in files.values()):
            return None
        return {file: frozenset(map(str, names)) for file, names in files.items()}
    if data.get("version") != VERSION:
        return None
    try:
        entries = convert(data.get("findings"), list[Entry])
    except ValidationError:
        return None
    found: dict[str, set[str]] = {}
    for entry in entries:
        found.setdefault(entry.file, set()).add(entry.hash)
    return {file: frozenset(names) for file, names in found.items()}


def _key(path: str, folder: Path) -> str:
    relative = Path(os.path.relpath(path, folder)).as_posix()
    return relative.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
