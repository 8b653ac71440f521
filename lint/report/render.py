"""Writes reports: one module a format, loaded when it is asked for."""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from dockerlint.lint.engine.file_report import FileReport

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

# Names that hadolint has for some of them.
HADOLINT_NAMES = {"tty": "text", "gitlab_codeclimate": "gitlab"}
# The formats in which hadolint lets a path stand for the file's own.
WITH_GIVEN_PATH = frozenset({"checkstyle", "codeclimate", "gitlab", "junit", "sonarqube"})


class ReportOptions(Struct, frozen=True):
    """How to write a report."""

    # whether to show the lines around each finding
    excerpts: bool = False
    # whether to write colours, as terminal escapes
    colour: bool = False
    # the terminal's, in columns
    width: int = 100
    # whether to leave out the summary
    quiet: bool = False
    # whether to count findings by rule instead of listing them
    statistics: bool = False
    # sentences about paths that could not be checked; the list may grow until the last report is written
    unread: Sequence[str] = ()
    # the key of FORMATS that was asked for
    format: str = "text"
    # the path to show in the formats of WITH_GIVEN_PATH; the file's own when None
    path_in_report: str | None = None
    # says what an average rebuild is, for the line that sums up
    rebuild: Callable[[], str] | None = None


def render(name: str, reports: Iterable[FileReport], options: ReportOptions) -> str:
    """The reports in a format of FORMATS, ready to be written; ends with a line break unless it is empty."""
    return "".join(stream(name, reports, options))


def stream(name: str, reports: Iterable[FileReport], options: ReportOptions) -> Iterator[str]:
    """As `render`, in pieces: of the formats that allow it, a piece a report as soon as there is one."""
    module = importlib.import_module(f".{FORMATS[name]}", __package__)
    options = replace(options, format=name)
    given = options.path_in_report
    if given is not None and name in WITH_GIVEN_PATH:
        reports = (replace(report, path=given) for report in reports)
    elif os.name == "nt" and name != "text":
        # machines compare paths with those of a repository
        reports = (replace(report, path=report.path.replace("\\", "/")) for report in reports)
    if hasattr(module, "stream"):
        yield from module.stream(reports, options)
    else:
        yield module.render(list(reports), options)
