"""Many files: what earlier runs found in them, and the rest in several processes, in the order of the paths."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dockerlint.lint.storage.errors import ConfigError, SourceError
from dockerlint.lint.syntax.source import STDIN

from .task import Result, configuration, context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dockerlint.lint.engine.result_cache import ResultCache

    from .task import Task
    from .worker_processes import Processes

MANY_FILES = 64
# So many files are a process's next piece of work, as each call of ShellCheck takes time to begin.
CHUNK = 32
# So many at a time, so that neither what waits for its turn nor what is to be kept grows with the number of files.
BATCH = 2000
# The formats that show what a rule says of itself.
DOCUMENTED = frozenset({"sarif", "gitlab", "codeclimate", "sonarqube"})


def run(
    task: Task, paths: Sequence[Path], jobs: int | None, *, format_: str = "text", prepare: Callable[[], object] | None = None
) -> Iterator[Result]:
    """The results in the order of the paths; `jobs` None means one process a core when there are many files.

    `format_` is that of the report, `prepare` is called before the first file that has to be looked at.
    """
    results = _results(task, format_)
    workers = _Workers(task, jobs, len(paths))
    try:
        for batch in _batches(paths, BATCH):
            keys, known = _known(results, task, batch) if results else ({}, {})
            rest = [path for path in batch if path not in known]
            if rest and prepare:
                prepare()
                prepare = None
            fresh = workers.results(rest)
            for path in batch:
                if path in known:
                    yield known[path]
                    continue
                result = next(fresh)
                if results and path in keys:
                    _keep(results, keys[path], result)
                yield result
            if results:
                results.flush()
    except BaseException:
        workers.stop()
        raise
    finally:
        workers.end()


class _Workers:
    """Those who look at files: this process, or others, which begin when there are enough files for them and then stay."""

    def __init__(self, task: Task, jobs: int | None, most: int) -> None:
        self.task = task
        self.jobs = jobs
        self.most = most
        self.others: Processes | None = None

    def results(self, paths: Sequence[Path]) -> Iterator[Result]:
        """What came of the files, in their order."""
        if not paths:
            return
        from .one_file import work

        jobs = self.jobs or (cores() if len(paths) >= MANY_FILES else 1)
        if jobs == 1 or len(paths) < 2 or Path(STDIN) in paths:
            alone = replace(self.task, calls=cores() if self.jobs is None else 1)
            for batch in _batches(paths, MANY_FILES):
                yield from work(alone, batch)
            return
        if self.others is None:
            from .worker_processes import Processes

            self.others = Processes(min(jobs, self.most))
        yield from self.others.results(self.task, _shrinking(paths, jobs))

    def stop(self) -> None:
        """Ends the work of other processes in the middle."""
        if self.others:
            self.others.stop()

    def end(self) -> None:
        """Lets the other processes go."""
        if self.others:
            self.others.end()


def _results(task: Task, format_: str) -> ResultCache | None:
    """What was kept; None where nothing is to be kept, or where more than files and options decides."""
    if not task.cache or task.fix or task.diff or task.pins or task.online:
        return None
    from dockerlint.lint.engine.result_cache import ResultCache, base
    from dockerlint.lint.storage import programs

    results = ResultCache(base(task.savings, programs.state("shellcheck"), _environment()))
    if format_ in DOCUMENTED:
        from .one_file import rule_of

        results.rule = rule_of
    return results


def _environment() -> list[tuple[str, str]]:
    return sorted(item for item in os.environ.items() if item[0].startswith(("DLINT_", "HADOLINT_")))


def _known(results: ResultCache, task: Task, paths: Sequence[Path]) -> tuple[dict[Path, bytes], dict[Path, Result]]:
    """The keys of the files that can be read, and what is known of them."""
    from dockerlint.lint.engine.result_cache import measured
    from dockerlint.lint.syntax import source

    keys: dict[Path, bytes] = {}
    files = {}
    for path in paths:
        try:
            if str(path) == STDIN:
                continue
            config = configuration(task, path)
            read = source.read(path)
        except (ConfigError, SourceError):
            continue
        around = context(config, path)
        root = around.root if around else path.parent
        key = results.key(str(path), (config, task.builds.get(path), measured(root)), read.data)
        keys[path] = key
        files[key] = str(path), read.text, around
    kept = results.known(files)
    return keys, {
        path: Result(kept[key].report, kept[key].fail_on, (), kept[key].notes) for path, key in keys.items() if key in kept
    }


def _keep(results: ResultCache, key: bytes, result: Result) -> None:
    if result.report is None or result.failures or result.asked is None:
        return
    from dockerlint.lint.engine.result_cache import Kept

    results.keep(key, Kept(result.report, result.fail_on, result.notes, result.asked))


def _batches(paths: Sequence[Path], size: int) -> Iterator[Sequence[Path]]:
    return (paths[at : at + size] for at in range(0, len(paths), size))


def _shrinking(paths: Sequence[Path], jobs: int) -> Iterator[Sequence[Path]]:
    """Pieces of work that get smaller towards the end, so that all processes end at about the same time."""
    at = 0
    while at < len(paths):
        size = max(1, min(CHUNK, (len(paths) - at) // (2 * jobs)))
        yield paths[at : at + size]
        at += size


def cores() -> int:
    """How many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
