"""The command `dlint`. What a run does not need is not loaded: the start-up is part of every run."""

from __future__ import annotations

import atexit
import errno
import gc
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn, TextIO

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = ("check", "explain", "rules", "ast", "cost", "diff", "verify", "scan", "config", "cache", "doctor", "completion", "new-rule", "lsp")
OK, FINDINGS, USAGE, INTERNAL = range(4)
INTERRUPTED = 130
GARBAGE = 50_000, 20, 20
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
# Variables with the values of options, and the one by which a shell asks for completions.
VARIABLES = ("DLINT_", "_DLINT_")


def program() -> NoReturn:
    """The command as a program of its own."""
    # trees hold no cycles to speak of: to look for some after every 700 new objects takes a tenth of the time
    gc.set_threshold(*GARBAGE)
    from . import late

    late.put_off()
    # after that, as it loads pathlib
    from . import bytecode

    together = bytecode.use()
    status = main()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        # main has told what there is to tell of that
        with suppress(OSError, ValueError):
            stream.flush()
    # all is said: an interrupt has nothing to stop any more
    with suppress(KeyboardInterrupt):
        bytecode.keep(together)
    # Python would take down object by object what was loaded, which takes a tenth of a small run; threads and processes that
    # work for this one have ended with their work
    os._exit(status)


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
    if _are_paths(words):
        from .checking import checked

        return checked(words)
    from .commands import run

    return run(words)


def _are_paths(words: Sequence[str]) -> bool:
    """Whether a command line is paths to check and nothing else: click has nothing to do then, and takes long to load."""
    # on Windows click expands patterns, as no shell does it there
    if os.name == "nt" or any(word.startswith("-") for word in words) or (words[:1] and words[0] in COMMANDS):
        return False
    return not any(name.startswith(VARIABLES) for name in os.environ)


def _drop_output() -> None:
    """Leads standard output to nowhere: without this Python complains once more when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _failed(error: Exception) -> int:
    """Say what went wrong: the sentence of an error that is ours, else that this is a bug."""
    from dockerlint.lint.report.escaping import visible_lines
    from dockerlint.lint.settings.config import ConfigError
    from dockerlint.lint.storage.plugins import PluginError
    from dockerlint.lint.syntax.source import SourceError, reason

    from .output import write
    from .task import internal

    if isinstance(error, OSError) and error.errno in NO_ROOM:
        # of all other files it is said where they are written
        write(f"dlint: standard output: cannot be written: {reason(error)}\n", err=True)
        _drop_output()
        return USAGE
    if isinstance(error, ConfigError | PluginError | SourceError):
        write(f"dlint: {visible_lines(str(error))}\n", err=True)
        return USAGE
    write(f"dlint: {visible_lines(internal(error))}\n", err=True)
    return INTERNAL
