"""One run of `dlint check`: finds, fixes, reports. Knows nothing of click, which takes as long to load as the rest of a small run."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from functools import partial
from itertools import tee
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from .config_layers import file_layer, layers
from .exit_status import FINDINGS, INTERRUPTED, OK, TERMINATED, USAGE
from .startup import COMMANDS
from .streams import write
from .terminal import has_colour, is_terminal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dockerlint.lint.analysis.installed_packages import Pins
    from dockerlint.lint.engine.file_report import FileReport
    from dockerlint.lint.engine.findings import Severity
    from dockerlint.lint.settings.config import Config, Layer

    from .task import Result, Task

# What the options of `dlint check` are when none is given.
DEFAULTS: Mapping[str, Any] = {
    "fix": False,
    "unsafe_fixes": False,
    "diff": False,
    "format_": None,
    "output": None,
    "select": (),
    "ignore": (),
    "preset": None,
    "fail_on": None,
    "shellcheck": None,
    "savings": True,
    "baseline": None,
    "write_baseline": False,
    "pin_from": (),
    "online": False,
    "jobs": None,
    "no_cache": False,
    "quiet": False,
    "verbose": False,
    "no_color": False,
    "fail_on_empty": False,
    "failure_threshold": None,
    "trusted_registry": (),
    "require_label": (),
    "strict_labels": False,
    "disable_ignore_pragma": False,
    "error": (),
    "warning": (),
    "info": (),
    "style": (),
    "file_path_in_report": None,
    "statistics": False,
    "exit_zero": False,
    "context": None,
    "target": None,
    "build_arg": (),
    "config": None,
    "no_config": False,
}


def checked(paths: Sequence[str], options: Mapping[str, Any] = DEFAULTS) -> int:
    """Check files and folders, the current one if none is named; gives the exit status."""
    return _Check(tuple(paths) or (".",), options).run()


class _Check(Struct):
    """One run over all paths."""

    paths: tuple[str, ...]
    options: Mapping[str, Any]
    status: int = OK
    # of each file with fixes: how many, and its image's bytes before and after
    changed: list[tuple[int, tuple[float, float] | None]] = field(default_factory=list)
    # the notes that were told: those of a configuration file come with each of its files
    told: set[str] = field(default_factory=set)

    def run(self) -> int:
        from dockerlint.lint.settings.discovery import Empty, Missing, Skipped, discover

        from .interrupt import Interrupts
        from .many_files import run
        from .progress import progress
        from .task import Task

        task = Task(
            layers(self.options),
            file_layer(self.options),
            self.options["fix"],
            self.options["unsafe_fixes"],
            self.options["diff"],
            self.options["savings"],
            not self.options["no_cache"],
            pins=_pins(self.options["pin_from"]),
            online=self.options["online"],
        )
        if task.cache:
            self._tell_of_cache()
        config = self._configuration(task)
        found = list(discover(self.paths))
        noted = (Skipped,) if self.options["fail_on_empty"] else (Skipped, Empty)
        for item in found:
            if isinstance(item, noted):
                self._say(item.sentence)
        missing = (item for item in found if isinstance(item, Missing) and not isinstance(item, noted))
        unread = [item.sentence + _meant_command(item.path) for item in missing]
        self._complain(unread, USAGE)
        files, ways = self._builds([item for item in found if isinstance(item, Path)], unread)
        files = _each_once(files) if self.options["fix"] else files
        task = replace(task, builds=ways)
        if self.options["verbose"]:
            self._tell_of_configuration(task, files)
        checked = run(task, files, self.options["jobs"], format_=config.format, prepare=partial(_refuse_unknown, task))
        with Interrupts() as interrupts, progress(len(files), quiet=self.options["quiet"]) as seen:
            results = self._noted(interrupts.until(seen(checked)), unread)
            if self.options["diff"]:
                self._show_diffs(results, colour=config.color and has_colour())
            else:
                self._show(config, results, unread)
        if len(self.changed) > 1:
            self._say(self._all_changes())
        if interrupts.asked:
            self._say("dlint: interrupted: this is what was found so far")
            return TERMINATED if interrupts.by == signal.SIGTERM else INTERRUPTED
        return self.status

    def _tell_of_cache(self) -> None:
        from dockerlint.lint.storage.sqlite_store import distrusted

        if why_not := distrusted():
            self._say(f"dlint: {why_not}")

    def _tell_of_configuration(self, task: Task, files: Sequence[Path]) -> None:
        from .verbose import configurations

        for line in configurations(task, files, self.options):
            self._say(line)

    def _builds(self, found: Sequence[Path], unread: list[str]) -> tuple[list[Path], dict[Path, list[Layer]]]:
        """The Dockerfiles, those of compose and bake files in their place, and the ways in which these are built."""
        from dockerlint.lint.buildfiles import resolve

        given = {path for path in found if not resolve.is_build_file(path.name)}
        ways: dict[Path, list[Layer]] = {}
        files: dict[Path, None] = {}
        for path in found:
            if path in given:
                files[path] = None
                continue
            read = resolve.read(path, os.environ)
            for note in read.notes:
                self._say(note)
            self._complain(read.errors, USAGE)
            unread += read.errors
            for dockerfile, found_ways in read.layers().items():
                files[dockerfile] = None
                # named on the command line too, it is checked as it stands there first
                known = ways.setdefault(dockerfile, [{}] if dockerfile in given else [])
                known += [way for way in found_ways if way not in known]
        return list(files), ways

    def _configuration(self, task: Task) -> Config:
        """The configuration that holds for the run as a whole: that of the first path."""
        from dockerlint.lint.settings.config import merge
        from dockerlint.lint.storage.errors import ConfigError

        from .task import configuration

        config = merge(*task.layers)
        first = Path(self.paths[0])
        # a bad configuration file is told by the files that it is for, and must not stop the others
        with suppress(ConfigError):
            return configuration(task, first / "Dockerfile" if os.path.isdir(first) else first)  # noqa: PTH112 - it raises nothing
        return config

    def _noted(self, results: Iterator[Result], unread: list[str]) -> Iterator[Result]:
        """The results, after what there is to say of each."""
        for result in results:
            self._note(result, unread)
            yield result

    def _note(self, result: Result, unread: list[str]) -> None:
        from dockerlint.lint.report.fix_text import changes

        for failure in result.failures:
            if failure.sentence not in unread:
                self._complain([failure.sentence], failure.status)
                unread.append(failure.sentence)
        for note in result.notes:
            if note not in self.told:
                self.told.add(note)
                self._say(note)
        # what is left is told by the findings too, but for --diff, which shows none
        if result.report and (result.report.fixed or self.options["diff"]):
            if result.report.fixed:
                gain = result.report.gain
                self.changed.append((len(result.report.fixed), gain.image if gain else None))
            room = _width() if is_terminal() else None
            for line in changes(result.report, self._verb, are_findings_shown=not self.options["diff"], room=room):
                self._say(line)

    @property
    def _verb(self) -> str:
        return "would fix" if self.options["diff"] else "fixed"

    def _all_changes(self) -> str:
        """What the fixes of all files come to."""
        from dockerlint.lint.report.fix_text import smaller

        count = sum(fixes for fixes, _ in self.changed)
        sizes = [image for _, image in self.changed if image]
        images = smaller("images", *map(sum, zip(*sizes, strict=True))) if sizes else ""
        said = f"{self._verb} {count} findings in {len(self.changed)} files"
        return ", ".join(filter(None, (said, images)))

    def _complain(self, sentences: Iterable[str], status: int) -> None:
        from dockerlint.lint.report.escaping import sentences as shown

        for sentence in sentences:
            write(f"dlint: {shown(sentence)}\n", err=True)
            self.status = max(self.status, status)

    def _say(self, text: str) -> None:
        from dockerlint.lint.report.escaping import sentence

        if not self.options["quiet"]:
            write(sentence(text) + "\n", err=True)

    def _reports(self, config: Config, results: Iterator[Result]) -> Iterator[FileReport]:
        """The reports of the results, less what the baseline knows, each judged."""
        if config.baseline is None:
            for result in results:
                if result.report:
                    yield self._judged(result.report, result.fail_on)
            return
        from dockerlint.lint.engine import baseline

        if self.options["write_baseline"]:
            kept = list(results)
            _write_baseline(config.baseline, baseline.text(config.baseline, [item.report for item in kept if item.report]))
            results = iter(kept)
            self._say(f"{config.baseline}: written")
        known = baseline.Baseline.read(config.baseline)
        for result in results:
            if result.report:
                yield self._judged(known.new(result.report), result.fail_on)

    def _judged(self, report: FileReport, limit: Severity | None) -> FileReport:
        if limit and not self.options["exit_zero"] and any(item.severity.at_least(limit) for item in report.items):
            self.status = max(self.status, FINDINGS)
        return report

    def _show(self, config: Config, results: Iterator[Result], unread: list[str]) -> None:
        from dockerlint.lint.report.render import stream

        options = replace(_options(self.options, config), unread=unread)
        name = "text" if self.options["statistics"] else config.format
        is_filter = self.options["fix"] and self.paths == ("-",)
        if is_filter:
            results, passed = tee(results)
            self._pass_on(next(passed))
        pieces = stream(name, self._reports(config, results), options)
        if self.options["output"]:
            self._write_output("".join(pieces))
            return
        for piece in pieces:
            if is_filter or name == "text":
                write(piece, err=is_filter, colour=options.colour)
            else:
                write(piece.encode("utf-8"))

    def _pass_on(self, result: Result) -> None:
        """The fixed text of standard input to standard output, which is then not there for the report."""
        from dockerlint.lint.syntax.source import encode

        if result.report:
            write(encode(result.before if result.fixed is None else result.fixed))

    def _write_output(self, text: str) -> None:
        from dockerlint.lint.syntax.source import reason

        path = Path(self.options["output"])
        try:
            path.write_bytes(text.encode("utf-8"))
        except OSError as error:
            self._complain([f"{path}: cannot be written: {reason(error)}"], USAGE)

    def _show_diffs(self, results: Iterator[Result], *, colour: bool) -> None:
        from dockerlint.lint.report.escaping import visible_lines
        from dockerlint.lint.syntax.source import encode

        from .patch import coloured, unified

        for item in results:
            if item.report is None or item.fixed is None:
                continue
            diff = unified(item.report.path, item.before, item.fixed)
            # a patch has the bytes of the file, a terminal must not act on them
            shown = visible_lines(diff)
            write((coloured(shown) if colour else shown) if is_terminal() else encode(diff))
            if not self.options["exit_zero"]:
                self.status = max(self.status, FINDINGS)


def _each_once(files: Iterable[Path]) -> list[Path]:
    """The files by their first names: what has two names must not be written twice."""
    return list({os.path.realpath(path): path for path in reversed(list(files))}.values())[::-1]


def _refuse_unknown(task: Task) -> None:
    """Raises ConfigError where the command line or the environment names a rule that there is not."""
    from dockerlint.lint.engine import registry
    from dockerlint.lint.settings.config import merge

    merge(*task.layers).rules(registry.rules())


def _options(options: Mapping[str, Any], config: Config) -> Any:
    from dockerlint.lint.report.render import ReportOptions

    to_file = bool(options["output"])
    return ReportOptions(
        excerpts=is_terminal() and not to_file,
        colour=config.color and has_colour() and not to_file,
        width=_width(),
        quiet=options["quiet"],
        statistics=options["statistics"],
        path_in_report=options["file_path_in_report"],
        rebuild=_rebuild,
    )


def _rebuild() -> str:
    """What the figures are, and how to get better ones; the shares are those of the changes that builds follow."""
    from dockerlint.fixers.cost.scenarios import standing

    shares = [f"{item.weight:.0%} {item.name}" for item in sorted(standing(), key=lambda item: -item.weight)]
    return (
        f"Savings are estimates, those of a rebuild averages ({', '.join(shares)}); "
        "to put in what you measure: dlint cost --image FILE --build-log FILE --save"
    )


def _width() -> int:
    if not is_terminal():
        return 80
    import shutil

    return shutil.get_terminal_size().columns


def _pins(paths: Iterable[str]) -> Pins:
    if not paths:
        return {}
    from dockerlint.lint.analysis import installed_packages

    return installed_packages.merge(installed_packages.read(Path(name)) for name in paths)


def _write_baseline(path: Path, text: str) -> None:
    from dockerlint.lint.storage.errors import ConfigError
    from dockerlint.lint.storage.safe_write import WriteError, put

    try:
        put(path, text.encode("utf-8"))
    except WriteError as error:
        raise ConfigError(f"the baseline cannot be written: {error}") from error


def _meant_command(path: str) -> str:
    """A hint for a path that does not exist but reads like a command."""
    from dockerlint.lint.settings.config import did_you_mean

    return did_you_mean(path, COMMANDS) if path.isidentifier() else ""
