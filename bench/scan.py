"""How fast `dlint scan` is, how it goes with a second process, and how much memory it takes.

    python bench/scan.py CORPUS.jsonl[.gz] [--files 100000] [--jobs 1 2]

CORPUS holds JSON lines with a `text` each. It is multiplied, with other names of stages and other versions, to as many different
files as are asked for, and scanned by each number of processes. Writes scan.md. Processor time is that of the files also where the
machine has other things to do; the time on the clock is not, so the load is told beside it.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from corpus import texts_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

STAGE = re.compile(r"^[ \t]*FROM[ \t]+\S+[ \t]+AS[ \t]+(\w+)[ \t]*$", re.IGNORECASE | re.MULTILINE)
VERSION = re.compile(r"\b(\d{1,4}\.\d{1,4}\.)(\d{1,4})\b")
PATIENCE = 0.2
TARGET = Path(__file__).parent / "scan.md"
FILES_PAPER, WORKERS_PAPER = 10_000_000, 50


class Run(NamedTuple):
    """Seconds on the clock and of the processor, of all and of the first process alone; peaks of memory in bytes; the load."""

    jobs: int
    files: int
    failures: int
    clock: float
    processor: float
    own: float
    memory: int
    worker_memory: int
    load: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--preset", default="recommended")
    options = parser.parse_args()
    texts = texts_of(options.corpus)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "many.jsonl"
        with source.open("w", encoding="utf8") as out:
            for number, text in enumerate(islice(multiplied(texts), options.files)):
                record = {"repository": f"acme/project-{number // 4}", "path": f"{number % 4}/Dockerfile", "text": text}
                out.write(json.dumps(record) + "\n")
        size = source.stat().st_size
        runs = []
        for jobs in options.jobs:
            runs.append(measured(source, Path(folder) / f"out-{jobs}", jobs, options.preset))
            print(runs[-1], flush=True)
    TARGET.write_text(report(runs, size, len(texts), options.preset), encoding="utf8")


def multiplied(texts: Sequence[str]) -> Iterator[str]:
    """The texts again and again, no two of them the same."""
    seen: set[int] = set()
    for number in count():
        for text in texts:
            new = changed(text, number)
            if hash(new) in seen:
                new = f"{new.rstrip()}\nLABEL copy={number}\n"
            seen.add(hash(new))
            yield new


def changed(text: str, number: int) -> str:
    """Another file of the same kind: its stages have other names, what it pins has other versions."""
    if not number:
        return text
    for name in sorted(set(STAGE.findall(text)), key=len, reverse=True):
        text = re.sub(rf"(?i)(\bAS[ \t]+|--from=|^[ \t]*FROM[ \t]+){re.escape(name)}\b(?![:/.])", rf"\g<1>{name}{number}", text, flags=re.MULTILINE)
    return VERSION.sub(lambda match: f"{match[1]}{int(match[2]) + number}", text)


def measured(source: Path, out: Path, jobs: int, preset: str) -> Run:
    """One scan, watched from outside."""
    words = ["scan", str(source), "--out", str(out), "--jobs", str(jobs), "--preset", preset]
    load = os.getloadavg()[0]
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "dockerlint.lint.cli", *words, "--quiet"])
    own = 0.0
    peaks: dict[int, int] = {}
    while True:
        found, status, usage = os.wait4(process.pid, os.WNOHANG)
        if found:
            process.returncode = os.waitstatus_to_exitcode(status)
            break
        own = max(own, processor_of(process.pid))
        for number in (process.pid, *children(process.pid)):
            peaks[number] = max(peaks.get(number, 0), peak(number))
        time.sleep(PATIENCE)
    clock = time.perf_counter() - start
    if process.returncode:
        raise SystemExit(f"the scan ended with {process.returncode}")
    state = json.loads((out / "scan.json").read_text())
    memory = peaks.pop(process.pid)
    return Run(
        jobs, state["files"], state["failures"], clock, usage.ru_utime + usage.ru_stime, own, memory,
        max(peaks.values(), default=0), (load + os.getloadavg()[0]) / 2,
    )  # fmt: skip


def children(process: int) -> list[int]:
    try:
        return [int(word) for path in Path(f"/proc/{process}/task").glob("*/children") for word in path.read_text().split()]
    except OSError:
        return []


def peak(process: int) -> int:
    """The most memory that a process has had, in bytes; 0 when it is gone."""
    try:
        found = re.search(r"^VmHWM:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text(), re.MULTILINE)
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0


def processor_of(process: int) -> float:
    """Seconds of the processor that a process has had without those that it started."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def report(runs: Sequence[Run], size: int, texts: int, preset: str) -> str:
    """The figures, as a page."""
    first = runs[0]
    a_file = (first.processor - first.own) / first.files
    lines = [
        "# How fast `dlint scan` is",
        "",
        f"Written by `bench/scan.py` on {datetime.datetime.now(datetime.UTC):%Y-%m-%d}: {first.files:,} files ({size / 1e6:,.0f} MB of JSON lines), made of",
        f"{texts:,} real ones by other names of stages and other versions, `--preset {preset}`, on a machine of {os.cpu_count()} cores with Python",
        f"{sys.version_info[0]}.{sys.version_info[1]}.",
        "",
        "| processes | failures | clock | processor | of that the first process | files a second and core | peak of the first process | peak of a worker | load |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {run.jobs} | {run.failures} | {run.clock:,.0f} s | {run.processor:,.0f} s | {run.own:,.0f} s | {run.files / run.processor:,.0f} "
        f"| {run.memory / 1e6:,.0f} MB | {run.worker_memory / 1e6:,.0f} MB | {run.load:.1f} |"
        for run in runs
    ]
    lines.append("")
    if len(runs) > 1:
        last = runs[-1]
        faster, more = first.clock / last.clock, last.processor / first.processor
        lines += [
            f"From {first.jobs} to {last.jobs} processes: {faster:.2f} times as fast on the clock, with {more:.2f} times the processor time.",
            "",
        ]
    hours = FILES_PAPER * a_file / WORKERS_PAPER / 3600
    lines += [
        "Files a second and core are files by seconds of the processor, all processes together. The load is how many processes wanted a",
        "core at the beginning and at the end, on average: where it is more than the machine has cores, the clock measures the others too.",
        "",
        f"On paper, {FILES_PAPER:,} files on {WORKERS_PAPER} workers: {a_file * 1000:.1f} ms a file are {hours:.1f} h of each worker; the first process needs",
        f"{first.own / first.files * 1000:.2f} ms a file to read, hand out, write and add up, {FILES_PAPER * first.own / first.files / 3600:.1f} h in all.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
