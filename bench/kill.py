"""Ends `dlint --fix` at many moments, for good: no file may be lost or half written, and the next run must finish the work.

    python bench/kill.py [--rounds 200] [--files 200] [--seed 1] [--part PART]

Four parts, or those that are named, over files of several modes (and owners, where that is allowed):
- fix: SIGKILL of the whole run, or of one of its processes, at moments that are spread over the time that it takes. Each file
  must have its old or its new text; a run that is left alone must then make all of them new and take away what was left over.
- interrupt: the same with what Ctrl-C sends; the run must then end with its status, and leave nothing over itself.
- cache: SIGKILL while the results are kept; the next run must find what a run without a cache finds.
- full: a file system too small for the new files (where one may be mounted), and a limit to the size of files.
The tally goes to bench/kill.json. Exits with 1 when anything was lost.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from dockerlint.lint.cli.exit_status import INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

TALLY = Path(__file__).with_name("kill.json")
TEXT = (
    "FROM python:3.12-slim\n# {at}\nRUN apt-get update && apt-get install curl\nADD app.py /app/\n"
    "RUN pip install -r requirements.txt\nMAINTAINER {at}\nWORKDIR /app\nCMD python app.py\n"
)
MODES = (0o644, 0o600, 0o755, 0o664)
PATIENCE = 300
# So long Python takes until it listens, in seconds.
START = 0.4


@dataclass(frozen=True, slots=True)
class Project:
    """A folder of Dockerfiles, and their texts before and after."""

    folder: Path
    home: Path
    old: dict[Path, bytes]
    new: dict[Path, bytes]

    def restore(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        for at, (path, data) in enumerate(self.old.items()):
            path.write_bytes(data)
            path.chmod(MODES[at % len(MODES)])
            if os.geteuid() == 0:
                os.chown(path, 1000 + at % 3, 1000 + at % 2)

    def marks(self) -> dict[Path, tuple[int, int, int]]:
        """Mode and owner of each file."""
        return {path: (found.st_mode, found.st_uid, found.st_gid) for path in self.old if (found := path.stat())}

    def leftovers(self) -> int:
        return sum(path not in self.old for path in self.folder.iterdir())

    def start(self, *words: str, **options: object) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dockerlint.lint.cli", "--shellcheck", "off", "--no-savings", "--exit-zero", *words, str(self.folder)]
        environment = {**os.environ, "XDG_CACHE_HOME": str(self.home), "PYTHONPATH": os.pathsep.join(sys.path)}
        return subprocess.Popen(  # type: ignore[call-overload, no-any-return]
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,
            **options,
        )

    def run(self, *words: str, **options: object) -> tuple[int, str, str]:
        with self.start(*words, **options) as process:
            out, err = process.communicate(timeout=PATIENCE)
            return process.returncode, out.decode(), err.decode()


def project(top: Path, files: int) -> Project:
    """The new texts are those that a run makes that is left alone."""
    folder = top / "files"
    old = {folder / f"Dockerfile.{at:03}": TEXT.format(at=at).encode() for at in range(files)}
    made = Project(folder, top / "cache", old, {})
    made.restore()
    status, _, err = made.run("--fix")
    made.new.update({path: path.read_bytes() for path in old})
    assert status == 0, err
    assert all(made.new[path] != old[path] for path in old), "the fixes change nothing"
    return made


def moments(rounds: int, whole: float, dice: random.Random) -> Iterator[float]:
    """Half of them spread evenly over the time that a run takes, half of them at random."""
    for at in range(rounds):
        yield whole * at / rounds if at % 2 else dice.uniform(0, whole)


def kill_fixes(made: Project, rounds: int, dice: random.Random) -> Counter[str]:
    count: Counter[str] = Counter()
    made.restore()
    marks = made.marks()
    for at, wait in enumerate(moments(rounds, length(made, "--fix"), dice)):
        made.restore()
        jobs = "12"[at % 2]
        with made.start("--fix", "--jobs", jobs) as process:
            time.sleep(wait)
            count[kill(process, alone=at % 4 == 3)] += 1
            process.communicate()
        check(made, marks, count)
        count["files left over"] += made.leftovers()
        made.run("--fix", "--jobs", "1")
        count["files not fixed by the next run"] += sum(path.read_bytes() != data for path, data in made.new.items())
        count["files left over after the next run"] += made.leftovers()
        if at % 20 == 19:
            print(f"{at + 1} rounds: {dict(count)}", file=sys.stderr, flush=True)
    return count


def interrupt_fixes(made: Project, rounds: int, dice: random.Random) -> Counter[str]:
    count: Counter[str] = Counter()
    made.restore()
    marks = made.marks()
    for at, wait in enumerate(moments(rounds, length(made, "--fix") - START, dice)):
        made.restore()
        with made.start("--fix", "--jobs", "12"[at % 2]) as process:
            time.sleep(START + wait)
            asked = time.monotonic()
            kill(process, alone=at % 4 == 3, by=signal.SIGINT)
            process.communicate(timeout=PATIENCE)
            took = round((time.monotonic() - asked) * 1000)
        if process.returncode == 0:
            count["runs that were done before"] += 1
        else:
            count["runs interrupted"] += 1
            count["runs that ended with another status"] += process.returncode != INTERRUPTED
            count["longest end in milliseconds"] = max(count["longest end in milliseconds"], took)
        check(made, marks, count)
        count["files left over by a run that was interrupted"] += made.leftovers()
    return count


def length(made: Project, *words: str) -> float:
    """The time that a run takes, in seconds."""
    started = time.monotonic()
    made.run(*words)
    return time.monotonic() - started


def kill(process: subprocess.Popen[bytes], *, alone: bool, by: int = signal.SIGKILL) -> str:
    """Ends all processes of a run, or the first one `alone`, of which the others then learn."""
    if process.poll() is not None:
        return "runs that were done before"
    try:
        (os.kill if alone else os.killpg)(process.pid, by)
    except ProcessLookupError:
        return "runs that were done before"
    return "runs killed"


def check(made: Project, marks: dict[Path, tuple[int, int, int]], count: Counter[str]) -> None:
    now = {path: path.read_bytes() if path.exists() else None for path in made.old}
    states = Counter(state(now[path], made.old[path], made.new[path]) for path in made.old)
    count.update({f"files {name}": number for name, number in states.items()})
    if not states["lost"]:
        count["modes or owners changed"] += sum(made.marks()[path] != mark for path, mark in marks.items())
    count["runs ended between two files"] += bool(states["old"] and states["new"])


def state(now: bytes | None, old: bytes, new: bytes) -> str:
    if now is None:
        return "lost"
    return {old: "old", new: "new"}.get(now, "half written")


def kill_cache(made: Project, rounds: int, dice: random.Random) -> Counter[str]:
    count: Counter[str] = Counter()
    made.restore()
    _, wanted, _ = made.run("--no-cache", "--jobs", "1")
    for wait in moments(rounds, length(made, "--jobs", "1"), dice):
        if dice.random() < 0.5:
            shutil.rmtree(made.home, ignore_errors=True)
        with made.start("--jobs", "1") as process:
            time.sleep(wait)
            count[kill(process, alone=False)] += 1
            process.communicate()
        status, out, err = made.run("--jobs", "1")
        count["next runs with other findings"] += out != wanted
        count["next runs that failed"] += status != 0 or "error" in err
    return count


def fill(made: Project, top: Path) -> Counter[str]:
    count: Counter[str] = Counter()
    longest = max(map(len, made.new.values()))

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (longest // 2, longest // 2))

    made.restore()
    tell(made, count, made.run("--fix", "--no-cache", "--jobs", "1", preexec_fn=small))
    mounted = top / "small"
    mounted.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", str(mounted)], capture_output=True, check=False).returncode:  # noqa: S607
        count["no file system could be mounted"] = 1
        return count
    try:
        folder = mounted / "files"
        old = {folder / path.name: data for path, data in list(made.old.items())[:1]}
        there = Project(folder, made.home, old, {folder / path.name: made.new[path] for path in list(made.old)[:1]})
        there.restore()
        (mounted / "ballast").write_bytes(b"x" * 4096)
        tell(there, count, there.run("--fix", "--no-cache"))
    finally:
        subprocess.run(["umount", str(mounted)], check=False)  # noqa: S607
    return count


def tell(made: Project, count: Counter[str], done: tuple[int, str, str]) -> None:
    status, _, err = done
    count["runs without room"] += 1
    count["files kept"] += sum(path.read_bytes() == data for path, data in made.old.items())
    count["files lost or half written"] += sum(path.read_bytes() != data for path, data in made.old.items())
    count["files left over"] += made.leftovers()
    said = sum("nothing was written" in line for line in err.splitlines())
    count["files that nothing was said of"] += len(made.old) - said
    count["runs with another status than 2, or a traceback"] += status != 2 or "Traceback" in err


PARTS = ("full", "cache", "interrupt", "fix")
WRONG = (
    "files lost", "files half written", "modes or owners changed", "files not fixed by the next run",
    "files left over after the next run", "next runs with other findings", "next runs that failed",
    "files lost or half written", "files that nothing was said of", "runs with another status than 2, or a traceback",
    "runs that ended with another status", "files left over by a run that was interrupted",
)  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--part", action="append", choices=PARTS)
    options = parser.parse_args(argv)
    dice = random.Random(options.seed)  # noqa: S311 - moments
    found: dict[str, Counter[str]] = {}
    with tempfile.TemporaryDirectory(prefix="dlint-kill-") as name:
        top = Path(name)
        made = project(top, options.files)
        parts: dict[str, Callable[[], Counter[str]]] = {
            "full": lambda: fill(made, top),
            "cache": lambda: kill_cache(made, options.rounds // 4, dice),
            "interrupt": lambda: interrupt_fixes(made, options.rounds // 2, dice),
            "fix": lambda: kill_fixes(made, options.rounds, dice),
        }
        for part in options.part or PARTS:
            found[part] = parts[part]()
            found[part].update(dict.fromkeys(["files lost", "files half written"], 0) if part in ("fix", "interrupt") else {})
            print(part, dict(found[part]), flush=True)
    ran = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "python": platform.python_version(), "files": options.files}
    tally = json.loads(TALLY.read_text(encoding="utf8")) if TALLY.exists() else {}
    tally |= {part: ran | dict(sorted(count.items())) for part, count in found.items()}
    TALLY.write_text(json.dumps(tally, indent=1) + "\n", encoding="utf8")
    return int(any(count[wrong] for count in found.values() for wrong in WRONG))


if __name__ == "__main__":
    sys.exit(main())
