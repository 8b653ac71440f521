"""git, asked about a repository that nobody vouches for: nothing of it is run and nothing is fetched."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from dockerlint.lint.storage import programs
from dockerlint.lint.syntax.source import decode

if TYPE_CHECKING:
    from pathlib import Path

# Seconds for one answer.
PATIENCE = 20.0
# Modes of what is no file.
LINK, GITLINK = "120000", "160000"
# A repository's own configuration may name programs to run and may change what is told of a commit.
# Source: git-config(1), git-log(1), git(1).
SAFE = (
    "--no-pager",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "log.showSignature=false",
    "-c",
    "log.diffMerges=first-parent",
)
# No protocol has this name: a partial clone must not fetch what it lacks.
ENVIRONMENT = {
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
# A hook is run with variables that name its own repository; configuration that the user has set stays.
KEPT = ("GIT_CONFIG", "GIT_EXEC_PATH", "GIT_CEILING_DIRECTORIES")


class GitError(Exception):
    """git gives no answer; the message is a sentence that says why. `said` is what it complained of, None if it was not it."""

    def __init__(self, sentence: str, said: str | None = None) -> None:
        super().__init__(sentence)
        self.said = said


def ask(folder: Path, *words: str, given: bytes = b"", patience: float = PATIENCE) -> bytes:
    """What git answers in a folder; `given` is its standard input. Raises GitError when it does not answer in time."""
    try:
        done = subprocess.run(
            command(*words),
            cwd=folder,
            env=environment(),
            input=given,
            capture_output=True,
            timeout=patience,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise GitError(f"git took more than {patience:.0f} s to answer in {folder}") from error
    except (OSError, ValueError) as error:
        raise GitError(f"git cannot be run: {getattr(error, 'strerror', None) or error}") from error
    if done.returncode:
        said = decode(done.stderr)
        raise GitError(_sentence(folder, said), said)
    return done.stdout


def command(*words: str) -> list[str]:
    """The command line for git. Raises GitError when it is not installed."""
    program = programs.find("git")
    if program is None:
        raise GitError("git is not installed, or not on PATH")
    return [program, *SAFE, *words]


def environment() -> dict[str, str]:
    """The variables that git is run with."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name.startswith(KEPT)}
    return {**kept, **ENVIRONMENT}


def _sentence(folder: Path, said: str) -> str:
    if "not a git repository" in said:
        return f"{folder} is not in a git repository"
    if "lazy fetching disabled" in said or "promisor remote" in said:
        return partial(folder)
    first = said.strip().partition("\n")[0].removeprefix("fatal: ")
    return f"git cannot answer in {folder}: {first or 'it gives no reason'}"


def partial(folder: Path) -> str:
    """The sentence for a clone that was told to leave objects out."""
    return f"{folder}: the clone is partial: `git fetch --refetch --no-filter` fetches what is missing"
