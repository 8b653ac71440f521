"""Fixes many Dockerfiles at once with dlint's command line."""

from __future__ import annotations

import functools
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .executor import Context
from .sandbox import home

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .generate import Case

PROGRAM = "from dockerlint.lint.cli import main; raise SystemExit(main())"
OPTIONS = ["--no-config", "--no-cache", "--shellcheck", "off", "--exit-zero", "--preset", "all", "--jobs", "1"]
MADE = re.compile(r"  line \d+: (D[FL]\d{4}|DF\d{3}|DL\d{4}|[A-Z]+\d+) (.*)")


@dataclass(frozen=True)
class Fixed:
    """The fixed text, and the codes and titles of what was made."""

    text: str
    made: tuple[tuple[str, str], ...]
    note: str = ""

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(sorted({code for code, _ in self.made}))


@functools.cache
def _compiled() -> tempfile.TemporaryDirectory[str]:
    """Where this process keeps the bytecode of dlint's modules, whatever the environment says of bytecode."""
    return tempfile.TemporaryDirectory(prefix="eq-pyc-")


def _dlint() -> list[str]:
    return [sys.executable, "-X", f"pycache_prefix={_compiled().name}", "-c", f"import sys; sys.dont_write_bytecode = False; {PROGRAM}"]


def fix_all(cases: Sequence[Case], *, unsafe: bool = False) -> list[Fixed]:
    """What dlint makes of each, in one process. Raises RuntimeError when it fails."""
    with tempfile.TemporaryDirectory(dir=home()) as name:
        top = Path(name)
        for index, case in enumerate(cases):
            folder = top / f"c{index}"
            folder.mkdir()
            Context(case.files).write(folder)
            (folder / "Dockerfile").write_bytes(case.text.encode("utf-8"))
        paths = [f"c{index}/Dockerfile" for index in range(len(cases))]
        command = [*_dlint(), "check", "--fix", *(["--unsafe-fixes"] if unsafe else []), *OPTIONS, *paths]
        done = subprocess.run(command, cwd=top, capture_output=True, text=True, errors="replace", check=False, stdin=subprocess.DEVNULL)
        if done.returncode not in (0, 3):
            raise RuntimeError(f"dlint failed with {done.returncode}: {done.stderr[-2000:]}")
        made, notes = _made(done.stderr + "\n" + done.stdout)
        return [
            Fixed((top / path).read_bytes().decode("utf-8"), tuple(made.get(path, ())), "\n".join(notes.get(path, ())))
            for path in paths
        ]


def _made(text: str) -> tuple[dict[str, list[tuple[str, str]]], dict[str, list[str]]]:
    """By path, the fixes that were made, and the complaints about fixes that could not be."""
    found: dict[str, list[tuple[str, str]]] = {}
    notes: dict[str, list[str]] = {}
    current = None
    for line in text.splitlines():
        if "please report" in line:
            notes.setdefault(line.split(":")[0], []).append(line)
        if header := re.match(r"(c\d+/Dockerfile): fixed \d+ finding", line):
            current = header[1]
        elif not line.startswith("  ") or line.startswith("  left for"):
            current = None
        elif current and (match := MADE.match(line)):
            found.setdefault(current, []).append((match[1], re.sub(r": saves .*|, saves .*", "", match[2])))
    return found, notes
