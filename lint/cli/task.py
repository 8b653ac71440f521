"""What is to be done with files, and what came of it: the values that the parts of `dlint check` share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

from dockerlint.lint.settings import config_files
from dockerlint.lint.settings import hadolint_config as hadolint
from dockerlint.lint.settings.config import Config, Layer, merge
from dockerlint.lint.syntax.source import STDIN

from .exit_status import USAGE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dockerlint.lint.analysis.build_state import Settings
    from dockerlint.lint.analysis.installed_packages import Pins
    from dockerlint.lint.context.build_context import Context
    from dockerlint.lint.context.recording_context import Question
    from dockerlint.lint.engine.file_report import FileReport
    from dockerlint.lint.engine.findings import Severity

DEBUG = "DLINT_DEBUG"


class Task(Struct, frozen=True):
    """What to do with each file."""

    # options of the environment and the command line, the weaker first
    layers: tuple[Layer, ...] = ()
    # the configuration file's options; looked for beside each file when None
    file_layer: Layer | None = None
    # whether to write the fixes
    fix: bool = False
    # whether to make unsafe fixes too
    unsafe: bool = False
    # whether to show the fixes as a diff and write nothing
    diff: bool = False
    # whether to price fixes
    savings: bool = True
    # whether results may be kept between runs
    cache: bool = True
    # how many other programs (ShellCheck) may run at a time
    calls: int = 1
    # versions to pin packages to, by kind of package list and name
    pins: Pins = field(default_factory=dict)
    # for some files the ways in which they are built, each as options; once, without any, for the others
    builds: Mapping[Path, Sequence[Layer]] = field(default_factory=dict)
    # options from hadolint's own environment variables
    hadolint: Layer = field(default_factory=lambda: hadolint.from_environment(os.environ))


class Failure(Struct, frozen=True):
    """Why something could not be done."""

    # the reason, with the path
    sentence: str
    # the exit status for it
    status: int = USAGE


class Result(Struct, frozen=True):
    """What came of one file."""

    # what was found; None when the file could not be checked
    report: FileReport | None = None
    # the lowest severity that makes the exit status 1; None when no finding does
    fail_on: Severity | None = None
    # what could not be done
    failures: tuple[Failure, ...] = ()
    # sentences for the user that are no failures
    notes: tuple[str, ...] = ()
    # the text as it was read
    before: str = ""
    # the new text; None when no fix changed it
    fixed: str | None = None
    # what was asked of the build context, with digests of the answers; None when the result depends on more than that
    asked: tuple[tuple[Question, str], ...] | None = None


def internal(error: Exception) -> str:
    """The sentence for an error that is a bug of ours; the traceback too when the user asks for it."""
    import traceback

    where = traceback.extract_tb(error.__traceback__)[-1:]
    at = f" ({Path(where[0].filename).name}:{where[0].lineno})" if where else ""
    sentence = f"internal error: {type(error).__name__}: {error}{at}; please report it, with the file if you can"
    if os.environ.get(DEBUG):
        return sentence + "\n" + "".join(traceback.format_exception(error)).rstrip()
    return f"{sentence} (`dlint --debug` shows where it comes from)"


def context(config: Config, path: Path, kind: type[Context] | None = None) -> Context | None:
    """The build context: what is configured, else the file's folder; none for standard input.

    `kind` is the class to make it of, for one that keeps an eye on what it is asked.
    """
    from dockerlint.lint.context.build_context import Context

    made = kind or Context
    is_stdin = str(path) == STDIN
    if config.context is not None:
        return made.of(config.context, None if is_stdin else path)
    return None if is_stdin else made.of(path.parent, path)


def configuration(task: Task, path: Path, build: Layer | None = None) -> Config:
    """The configuration for one file, and for one of its builds: that wins over the configuration file.

    Raises ConfigError when its configuration file is no good.
    """
    folder = Path() if str(path) == STDIN else path.parent
    file_layer = task.file_layer if task.file_layer is not None else config_files.for_folder(folder)
    return merge(task.hadolint, file_layer, build or {}, *task.layers)


def settings(config: Config) -> Settings:
    """What the rules get to know of the configuration."""
    from dockerlint.lint.analysis.build_state import Settings

    return Settings(
        target=config.target,
        build_args=config.build_args,
        preset=config.preset,
        builder=config.builder,
        trusted_registries=config.trusted_registries,
        label_schema=config.label_schema,
        strict_labels=config.strict_labels,
    )
