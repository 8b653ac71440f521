"""What was measured of a build, as the command line names it: files to read, and the figures that were kept."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from dockerlint.lint.syntax.source import STDIN

from .streams import write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dockerlint.fixers.cost.measured import Measurements
    from dockerlint.fixers.cost.measured.measured_row import Row
    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.context.build_context import Context

# BuildKit keeps 2 MiB of what each step says. Source: moby/buildkit, util/progress/logs (BUILDKIT_STEP_LOG_MAX_SIZE).
MOST_BYTES = 64_000_000


class Inputs(Struct, frozen=True):
    """The files that were named, `-` for standard input; `save` says to keep what is in them."""

    history: str | None = None
    image: str | None = None
    build_log: str | None = None
    platform: str | None = None
    save: bool = False

    def __bool__(self) -> bool:
        return any(self.files)

    @property
    def files(self) -> tuple[str | None, str | None, str | None]:
        """The files, the one with the best bytes last."""
        return self.history, self.build_log, self.image

    def check(self, paths: Sequence[str], compare: str | None) -> None:
        """Raises UsageError where the options do not go together."""
        from click import UsageError

        if self.save and not self:
            raise UsageError("--save keeps what was measured: name it with --history, --image or --build-log")
        if self.platform and not self.image:
            raise UsageError("--platform chooses an image: name its file with --image")
        if self and (len(paths) > 1 or compare):
            raise UsageError("--history, --image and --build-log are of one build: name one PATH")
        if [*self.files, *paths].count(STDIN) > 1:
            raise UsageError("only one thing can be read from standard input")

    def read(self, facts: Facts, problems: list[str]) -> Measurements | None:
        """What the files say of the build of `facts`; None when there are none, or they are of another build.

        A file that is no good is left out, and a sentence that says why is added to `problems`.
        """
        from dockerlint.fixers.cost.measured import MeasuredError

        found: Measurements | None = None
        for label, read, of in self._sources():
            try:
                rows = read()
            except MeasuredError as error:
                problems.append(f"{error}; the estimate does without it")
                continue
            one = of(rows, facts)
            _tell(label, one, rows)
            if one.count:
                found = one.over(found, facts) if found is not None else one
        return found

    def _sources(self) -> Iterator[tuple[str, Callable[[], tuple[Row, ...]], Callable[[Sequence[Row], Facts], Measurements]]]:
        from dockerlint.fixers.cost.measured import Measurements
        from dockerlint.fixers.cost.measured import build_log as log
        from dockerlint.fixers.cost.measured import docker_history as history

        if self.history is not None:
            yield f"--history {self.history}", partial(_read, history.read, self.history), Measurements.of_image
        if self.build_log is not None:
            yield f"--build-log {self.build_log}", partial(_read, log.read, self.build_log), Measurements.of_log
        if self.image is not None:
            yield f"--image {self.image}", self._archive, Measurements.of_image

    def _archive(self) -> tuple[Row, ...]:
        from dockerlint.fixers.cost.measured import image_archive

        if self.image == STDIN:
            return image_archive.read_stream(sys.stdin.buffer, STDIN, self.platform)
        return image_archive.read(Path(self.image or ""), self.platform)


def _read(read: Callable[[str, str], tuple[Row, ...]], name: str) -> tuple[Row, ...]:
    return read(_text(name), name)


def _text(name: str) -> str:
    from dockerlint.fixers.cost.measured import MeasuredError
    from dockerlint.lint.syntax.source import reason

    try:
        if name == STDIN:
            data = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            with Path(name).open("rb") as file:
                data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise MeasuredError(f"{name}: cannot be read: {reason(error)}") from error
    if len(data) > MOST_BYTES:
        raise MeasuredError(f"{name}: there is more in it than {MOST_BYTES:,} bytes; dlint does not read it")
    # Windows' shells write UTF-16 where output is sent to a file
    return data.decode("utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8", "replace")


def _tell(label: str, found: Measurements, rows: Sequence[Row]) -> None:
    """Say how much of the build is in a file."""
    from dockerlint.lint.report.escaping import sentence

    many, steps = found.count, len(found.entries)
    if many:
        words = f"{many} of {steps} steps measured"
    elif any(row.figures.is_known for row in rows):
        words = "it is of another build, or of an image whose steps are all in one layer; the estimate does without it"
    else:
        words = "all steps in it came from the cache, so it has no times; the estimate does without it"
    write(f"dlint: {sentence(label)}: {words}\n", err=True)


def kept(context: Context | None, path: Path) -> tuple[Measurements | None, str | None]:
    """What was kept of a Dockerfile in its context, and a sentence when that is no good."""
    if context is None:
        return None, None
    from dockerlint.lint.engine.result_cache import measured

    # to look whether it is there takes less time than to load what reads it
    if measured(context.root) is None:
        return None, None
    from dockerlint.fixers.cost.measured import MeasuredError, measured_file

    try:
        return measured_file.load(context.root, name_of(context, path)), None
    except MeasuredError as error:
        return None, f"{error}; the estimate does without it"


def keep(context: Context | None, path: Path, found: Measurements) -> None:
    """Keeps figures for later runs. Raises MeasuredError when that is not possible."""
    from dockerlint.fixers.cost.measured import MeasuredError, measured_file
    from dockerlint.lint.engine.result_cache import MEASURED

    if context is None:
        raise MeasuredError("--save: standard input has no context; --context says which folder it is")
    measured_file.save(context.root, name_of(context, path), found)
    # the context as it is with the file in it
    if replace(context).has("/".join(MEASURED)):
        write(f"dlint: name {MEASURED[0]} in .dockerignore, so that `COPY .` does not take it along\n", err=True)


def name_of(context: Context, path: Path) -> str:
    """The name that a Dockerfile has in what is kept: its path in the context, else its path."""
    try:
        return path.resolve().relative_to(context.root.resolve()).as_posix()
    except (ValueError, RuntimeError, OSError):
        return path.as_posix()
