"""Runs ShellCheck over scripts. Nothing of a script is run, and ShellCheck reads no other file than those given to it."""

from __future__ import annotations

import os
from collections import defaultdict
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.json import decode

from dockerlint.lint.storage import programs as program
from dockerlint.lint.storage.prepared import prepared
from dockerlint.lint.syntax.source import encode, reason

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Sequence

PROGRAM = "shellcheck"
# What cannot be met in a Dockerfile: a file that is sourced is not at hand, and ash is known. Hadolint leaves out the same.
EXCLUDED = "SC1090,SC1091,SC2187"
LARGEST_SCRIPT = 1_000_000
MOST_SCRIPTS = 200
PATIENCE, PATIENCE_ALONE = 60.0, 10.0
# 0 nothing found, 1 something found. Source: shellcheck(1), "RETURN VALUES".
WELL = (0, 1)


class Position(Struct, frozen=True):
    """Line and column of a script, both from 1; a column is a character."""

    line: int
    column: int


class Replacement(Struct, frozen=True):
    """A piece of a mend; `behind` says that a text that is put in belongs to the character before it."""

    start: Position
    end: Position
    text: str
    behind: bool


class ScriptComment(Struct, frozen=True):
    """What ShellCheck says of one place; `code` is a number, `level` one of error, warning, info and style."""

    code: int
    level: str
    message: str
    start: Position
    end: Position
    replacements: tuple[Replacement, ...]


class ShellCheckError(Exception):
    """ShellCheck cannot be run, or says something else than it should."""


class _TooLongError(Exception):
    """It does not get done in time."""


class ShellCheck(Struct, frozen=True):
    """A ShellCheck that is installed; `version` has its numbers."""

    program: str
    version: tuple[int, ...]

    def check(self, scripts: Sequence[str], calls: int = 1) -> list[list[dict[str, Any]] | None]:
        """What it says of each script, as its own objects (see `comments`), in at most so many calls at a time.

        None for a script that is too long, or that it does not get done with in time. Raises ShellCheckError.
        """
        wanted = [at for at, script in enumerate(scripts) if len(script) <= LARGEST_SCRIPT]
        found: list[list[dict[str, Any]] | None] = [None] * len(scripts)
        size = max(1, min(MOST_SCRIPTS, -(-len(wanted) // calls)))
        groups = [wanted[at : at + size] for at in range(0, len(wanted), size)]
        for group, said in zip(groups, self._each([[scripts[at] for at in group] for group in groups], calls), strict=True):
            for at, objects in zip(group, said, strict=True):
                found[at] = objects
        return found

    def _each(self, groups: list[list[str]], calls: int) -> Iterator[list[list[dict[str, Any]] | None]]:
        """One call for each group, so many at a time."""
        if min(calls, len(groups)) < 2:
            # whoever stops this need not wait for a thread
            yield from map(self._patiently, groups)
            return
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(min(calls, len(groups))) as pool:
            yield from pool.map(self._patiently, groups)

    def _patiently(self, scripts: list[str]) -> list[list[dict[str, Any]] | None]:
        """One call; when it takes too long, one for each script, so that a slow one does not cost us the others."""
        try:
            return [*self._call(scripts, PATIENCE)]
        except _TooLongError:
            return [self._alone(script) for script in scripts]

    def _alone(self, script: str) -> list[dict[str, Any]] | None:
        try:
            return self._call([script], PATIENCE_ALONE)[0]
        except _TooLongError:
            return None

    def _call(self, scripts: list[str], seconds: float) -> list[list[dict[str, Any]]]:
        import secrets
        import tempfile
        from pathlib import Path

        # a name that no script can know: ShellCheck follows `. file` to files of the same call
        names = [f"{secrets.token_hex(8)}.{number}" for number in range(len(scripts))]
        with tempfile.TemporaryDirectory(prefix="dlint-") as folder:
            for name, script in zip(names, scripts, strict=True):
                (Path(folder) / name).write_bytes(encode(script))
            command = [self.program, "--norc", "--format=json1", f"--exclude={EXCLUDED}", *names]
            done = _run(command, seconds, folder)
        said = _objects(done.stdout) if done.returncode in WELL else None
        if said is None:
            complaint = done.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
            raise ShellCheckError(f"{self.program} failed with status {done.returncode}: {complaint or 'it said nothing'}")
        return [said[name] for name in names]


@cache
def find() -> ShellCheck | None:
    """The ShellCheck beside this Python, else one on the path; None when there is none that runs."""
    state = program.state(PROGRAM)
    if state is None:
        return None
    path = state[0]
    try:
        # to ask takes as long as to check a small file without it
        version = prepared("shellcheck", partial(_version, path), list[int], state)
    except (ShellCheckError, _TooLongError):
        return None
    return ShellCheck(path, tuple(version))


def _version(path: str) -> list[int]:
    done = _run([path, "--version"], PATIENCE_ALONE, None)
    for line in done.stdout.decode("utf-8", "replace").splitlines():
        key, _, value = line.partition(":")
        if key == "version":
            return [int(part) for part in value.strip().split(".") if part.isdecimal()]
    raise ShellCheckError(f"{path} does not say its version")


def comments(objects: object) -> tuple[ScriptComment, ...]:
    """ShellCheck's objects (`--format=json1`) as values, in its order.

    Raises ValueError when they are not of that form.
    """
    try:
        return tuple(_comment(item) for item in objects)  # type: ignore[attr-defined]
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"this is not what ShellCheck writes: {error}") from error


def _comment(item: dict[str, Any]) -> ScriptComment:
    replacements = (item.get("fix") or {}).get("replacements", ())
    return ScriptComment(
        int(item["code"]),
        str(item["level"]),
        str(item["message"]),
        Position(int(item["line"]), int(item["column"])),
        Position(int(item["endLine"]), int(item["endColumn"])),
        tuple(_replacement(part) for part in replacements),
    )


def _replacement(item: dict[str, Any]) -> Replacement:
    return Replacement(
        Position(int(item["line"]), int(item["column"])),
        Position(int(item["endLine"]), int(item["endColumn"])),
        str(item["replacement"]),
        item["insertionPoint"] == "beforeStart",
    )


def _run(command: list[str], seconds: float, folder: str | None) -> subprocess.CompletedProcess[bytes]:
    import subprocess

    environment = {key: value for key, value in os.environ.items() if key != "SHELLCHECK_OPTS"}
    try:
        return subprocess.run(
            command, capture_output=True, stdin=subprocess.DEVNULL, cwd=folder, env=environment, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise _TooLongError from error
    except OSError as error:
        raise ShellCheckError(f"{command[0]} cannot be run: {reason(error)}") from error


def _objects(output: bytes) -> dict[str, list[dict[str, Any]]] | None:
    """The objects by the name of their file; None when the output is none of ShellCheck's."""
    try:
        data = decode(output)
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for item in data["comments"]:
            found[item.pop("file")].append(item)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return found
