"""A baseline: the findings that were there on some day, so that only new ones are reported."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dockerlint.lint.storage.errors import ConfigError
from dockerlint.lint.syntax.source import reason, whole

from .fingerprint import fingerprints

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .file_report import FileReport

VERSION = 1
# A finding takes some seventy: those of a million fit.
MOST_BYTES = 64_000_000


class Baseline(Struct, frozen=True):
    """Names of known findings by file; the files' paths are relative to the baseline's folder."""

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
        files = data.get("files") if isinstance(data, dict) and data.get("version") == VERSION else None
        if not isinstance(files, dict) or not all(isinstance(names, list) for names in files.values()):
            raise ConfigError(f"{path}: not a baseline of version {VERSION}; write it again with --write-baseline")
        return cls(path.parent, {file: frozenset(map(str, names)) for file, names in files.items()})

    def new(self, report: FileReport) -> FileReport:
        """The report without the findings that the baseline knows."""
        known = self.known.get(_key(report.path, self.folder), frozenset())
        names = fingerprints(report.doc, (item.finding for item in report.items))
        items = tuple(item for item, name in zip(report.items, names, strict=True) if name not in known)
        return replace(report, items=items)


def text(path: Path, reports: Iterable[FileReport]) -> str:
    """What a baseline of all findings of the reports holds, when it is to lie at a path."""
    files = {
        _key(report.path, path.parent): fingerprints(report.doc, (item.finding for item in report.items))
        for report in reports
        if report.items
    }
    return json.dumps({"version": VERSION, "files": files}, indent=1, sort_keys=True) + "\n"


def _key(path: str, folder: Path) -> str:
    relative = Path(os.path.relpath(path, folder)).as_posix()
    return relative.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
