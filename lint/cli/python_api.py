"""The Python interface: `dockerlint.check`, `dockerlint.fix` and `dockerlint.cost`."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

from msgspec import Struct

from dockerlint.fixers.cost.cost_model import Estimate, estimate
from dockerlint.fixers.cost.neighbours import Neighbours
from dockerlint.lint.engine.file_report import Fixed
from dockerlint.lint.engine.findings import Applicability, Fix, Saving, Severity
from dockerlint.lint.settings.options import layer
from dockerlint.lint.storage.errors import ConfigError, PluginError, SourceError
from dockerlint.lint.syntax.source import STDIN, of_bytes

from .cost_speed import speed
from .one_file import FileWork
from .task import Task

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dockerlint.lint.engine.file_report import FileReport

    from .task import Result

__all__ = [
    "Applicability", "ConfigError", "Diagnostic", "Estimate", "Fix", "FixReport", "Fixed", "PluginError", "Related", "Saving", "Severity", "SourceError",
    "check", "cost", "fix",
]  # fmt: skip

ORIGIN = "dockerlint"


class Options(TypedDict, total=False):
    """The keys of `.dlint.toml` that say what is checked and how, with `_` for `-`; they win over the configuration file."""

    select: Sequence[str]
    ignore: Sequence[str]
    preset: str
    severity: Mapping[str, str]
    builder: str
    min_frontend: str
    target: str
    build_args: Mapping[str, str]
    context: str | os.PathLike[str]
    trusted_registries: Sequence[str]
    label_schema: Mapping[str, str]
    strict_labels: bool
    shellcheck: str
    network: str
    machine: float
    inline_ignores: bool


class Related(Struct, frozen=True):
    """Another finding of the same cause, by its rule's code and where it begins."""

    code: str
    line: int
    column: int


class Diagnostic(Struct, frozen=True):
    """One thing that a rule found. Lines and columns count from 1, columns in characters; the end is behind the last one."""

    # the file's path; `-` for a text
    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    # the rule's code, such as DF101
    code: str
    # the rule's name, such as source-copied-before-install
    name: str
    severity: Severity
    # what is there and what follows from it
    message: str
    # None when there is none
    fix: Fix | None
    # what the fix saves; None when that is not known
    saving: Saving | None
    # whether it tells its cause for all of `related`; the one to show where a cause is shown once
    primary: bool = True
    # the other findings of the same cause, the one that tells it first
    related: tuple[Related, ...] = ()


class FixReport(Struct, frozen=True):
    """A fixed text, and what was done."""

    # the text with the fixes made
    text: str
    # the fixes that were made, in the order in which they were
    fixes: tuple[Fixed, ...]
    # what is left in the fixed text, by place
    diagnostics: tuple[Diagnostic, ...]


def check(source: str | os.PathLike[str], **options: Unpack[Options]) -> list[Diagnostic]:
    """What the rules find in a Dockerfile, by place.

    A `str` is the text of a Dockerfile, a path is a file. For a path the nearest configuration file counts, and its folder is
    the build context unless `context` says otherwise; a text has neither. Environment variables are not read.
    Raises SourceError for a file that cannot be read or is no text, ConfigError for an option or a configuration file that is
    no good, PluginError for a plug-in that cannot be loaded. A Dockerfile that does not parse is a diagnostic, DL1000.
    """
    return list(_diagnostics(_report(_work(source, options).result())))


def fix(source: str | os.PathLike[str], *, unsafe: bool = False, **options: Unpack[Options]) -> FixReport:
    """The text with the safe fixes made, and with `unsafe` the others too; nothing is written.

    Takes and raises what `check` does.
    """
    done = _work(source, options, unsafe=unsafe, diff=True).result()
    report = _report(done)
    text = done.before if done.fixed is None else done.fixed
    return FixReport(text, report.fixed, tuple(_diagnostics(report)))


def cost(source: str | os.PathLike[str], **options: Unpack[Options]) -> Estimate:
    """What a Dockerfile costs, without building it: bytes and seconds of each step, of the image and of each kind of change.

    Figures are ranges (`low`, `mid`, `high`), and may be unknown: see `Amount.is_known`. Takes and raises what `check` does.
    """
    work = _work(source, options)
    around = None if work.is_stdin else Neighbours.of(work.path)
    if around is not None:
        from dockerlint.fixers.cost.copy_selections import Selections

        work.selections = Selections(work.context, around.sizes)
    facts = work.facts(work.doc)
    return estimate(work.doc, facts, file=str(work.path), measured=work.measured[0], selections=work.selections, **speed(work.config))


def _work(source: str | os.PathLike[str], options: Options, *, unsafe: bool = False, diff: bool = False) -> FileWork:
    table = {key.replace("_", "-"): _plain(value) for key, value in options.items()}
    is_text = isinstance(source, str)
    task = Task(
        layers=(layer(table, ORIGIN, Path()),), file_layer={} if is_text else None, unsafe=unsafe, diff=diff, cache=False, hadolint={}
    )
    if not isinstance(source, str):
        return FileWork(task, Path(source))
    if source and not any(char.isspace() for char in source):
        # each instruction is two words at least
        raise SourceError(f"{source!r} is not the text of a Dockerfile; for a file pass pathlib.Path({source!r})")
    try:
        data = source.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise SourceError(f"the text has a character that is not Unicode, at offset {error.start}") from error
    return FileWork(task, Path(STDIN), given=of_bytes("text", data))


def _plain(value: object) -> object:
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def _report(done: Result) -> FileReport:
    """The report of a file; a rule that has a bug is a warning, as the others have done their work."""
    for failure in done.failures:
        warnings.warn(failure.sentence, RuntimeWarning, stacklevel=3)
    assert done.report is not None
    return done.report


def _diagnostics(report: FileReport) -> Iterator[Diagnostic]:
    for item in report.items:
        finding = item.finding
        line, column = report.doc.position(finding.span.start)
        end_line, end_column = report.doc.position(finding.span.end)
        related = tuple(Related(other.finding.code, *report.doc.position(other.finding.span.start)) for other in report.related(item))
        yield Diagnostic(
            report.path, line, column, end_line, end_column, finding.code, item.rule.name, item.severity, finding.message, finding.fix, item.saving,
            report.is_primary(item), related,
        )  # fmt: skip
