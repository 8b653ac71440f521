"""The command `dlint`. What a run does not need is not loaded: the start-up is part of every run."""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING, NoReturn, TextIO

from .exit_status import FINDINGS, INTERNAL, INTERRUPTED, USAGE
from .startup import are_paths, collect_garbage_less_often, end_without_a_last_search

if TYPE_CHECKING:
    from collections.abc import Sequence

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def program() -> NoReturn:
    """The command as a program of its own."""
    collect_garbage_less_often()
    status = main()
    end_without_a_last_search()
    sys.exit(status)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; gives the exit status and raises nothing."""
    # there is none where the caller closed it
    sys.stdout, sys.stderr = (stream or _nowhere() for stream in (sys.stdout, sys.stderr))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    words = sys.argv[1:] if argv is None else list(argv)
    try:
        status = _run(words)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # whoever reads has gone, `head` for example
        _drop_output()
        return FINDINGS
    except Exception as error:
        return _failed(error)
    return status


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - for as long as the process lives


def _run(words: Sequence[str]) -> int:
    if are_paths(words):
        from .check_run import checked

        return checked(words)
    from .commands import run

    return run(words)


def _drop_output() -> None:
    """Leads standard output to nowhere: without this Python complains once more when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _failed(error: Exception) -> int:
    """Say what went wrong: the sentence of an error that is ours, else that this is a bug."""
    from dockerlint.lint.report.escaping import sentences
    from dockerlint.lint.storage.errors import ConfigError, PluginError, SourceError
    from dockerlint.lint.syntax.source import reason

    from .streams import write
    from .task import internal

    if isinstance(error, OSError) and error.errno in NO_ROOM:
        # of all other files it is said where they are written
        write(f"dlint: standard output: cannot be written: {reason(error)}\n", err=True)
        _drop_output()
        return USAGE
    if isinstance(error, ConfigError | PluginError | SourceError):
        write(f"dlint: {sentences(str(error))}\n", err=True)
        return USAGE
    write(f"dlint: {sentences(internal(error))}\n", err=True)
    return INTERNAL
