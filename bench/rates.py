"""Measure how fast builds go, and what they leave, with the engine of DOCKER_HOST: the rates that the cost model stands on.

    python bench/rates.py [--lock FILE] [--only NAME]

Each measurement builds small Dockerfiles or runs a command in an image, and reads the time and the size. Seconds of a command are
those of the processor, its own and the system's, so that other work on the machine does not count; so are those of the engine, beside
which the clock's best of several runs stands. The results go to `bench/rates.json` and `bench/rates.md`;
`fixers/cost/data/managers.toml` takes its figures from there. `--lock` names a file that is locked while an image is built, for who
shares the engine. Those of compilers are of `compiling.py`, and need no engine.
"""

from __future__ import annotations

import argparse
import fcntl
import functools
import gzip
import http.server
import json
import os
import random
import re
import socket
import statistics
import struct
import subprocess
import tarfile
import tempfile
import threading
import time
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import compiling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

HERE = Path(__file__).parent
TAG = "dlint-rates"
MEGABYTE = 1e6
# Sets that are in none of the builds that the model is held against.
PIP_SETS = (("tabulate",), ("pytest", "httpx", "jinja2"), ("ipython",), ("polars",), ("jupyterlab",), ("statsmodels",))
NPM_SETS = (("dayjs",), ("koa",), ("mocha",), ("jest",), ("@nestjs/cli",), ("react-scripts",))
# Bytes of one large file, and numbers of files of a kilobyte, that a step leaves.
EXPORT_SIZES = (1_000_000, 50_000_000, 200_000_000, 500_000_000)
EXPORT_FILES = (1, 5_000, 20_000, 40_000)
COPY_SIZES = EXPORT_SIZES[:3]
EXPORT_RUNS = 5
PORT = 8766
SMALL_BODY, LARGE_BODY, REQUESTS = 1_000, 200_000_000, 500
# Seconds of the clock of many small downloads, each with a connection of its own, and of a large one.
FETCH = f"""
import time, urllib.request
def fetch(name, count):
    start = time.perf_counter()
    for _ in range(count):
        with urllib.request.urlopen('http://127.0.0.1:{PORT}/' + name) as answer:
            while answer.read(1 << 20):
                pass
    return time.perf_counter() - start
fetch('small', 20)
print(fetch('small', {REQUESTS}), fetch('large', 1))
"""
GO_EMPTY = "package main\n\nfunc main() {}\n"
GO_SERVER = """package main

import (
	"encoding/json"
	"net/http"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { json.NewEncoder(w).Encode(r.Header) })
	http.ListenAndServe(":8080", nil)
}
"""
GO_LARGE = GO_SERVER.replace('"net/http"', '"database/sql"\n\t"html/template"\n\t"image/jpeg"\n\t"net/http"').replace(
    "json.NewEncoder(w)",
    'template.New("a").Execute(w, sql.Drivers()); jpeg.Decode(r.Body); json.NewEncoder(w)',
)

_lock: Path | None = None


@contextmanager
def alone() -> Iterator[None]:
    """Waits for the others."""
    if _lock is None:
        yield
        return
    with _lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def docker(*words: str) -> str:
    """What the engine answers."""
    done = subprocess.run(
        ["docker", *words],  # noqa: S607 (the engine that the caller's PATH names)
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return done.stdout.decode(errors="replace")


def build(dockerfile: str, files: Mapping[str, bytes] | None = None) -> float:
    """Seconds of a build without the cache of layers."""
    with tempfile.TemporaryDirectory() as top, alone():
        for name, data in {"Dockerfile": dockerfile.encode(), **(files or {})}.items():
            (Path(top) / name).write_bytes(data)
        start = time.perf_counter()
        docker("build", "--network=host", "--no-cache", "-t", TAG, top)
        return time.perf_counter() - start


@dataclass(frozen=True, slots=True)
class Run:
    """What a command took in a container: seconds of the processor, bytes that it left there, what it said."""

    seconds: float
    size: int
    said: str


def run(base: str, command: str, files: Mapping[str, bytes] | None = None, volume: str = "") -> Run:
    """Runs a command in an image, in /s with the files there; `volume` is mounted as `docker run -v` has it."""
    script = f"mkdir -p /s && cd /s && {command} && times"
    words = ["create", "--network=host", *(["-v", volume] if volume else []), base, "sh", "-c", script]
    name = docker(*words).split()[-1]
    try:
        for file, data in (files or {}).items():
            with tempfile.TemporaryDirectory() as top:
                (Path(top) / "s").mkdir()
                (Path(top) / "s" / file).write_bytes(data)
                docker("cp", f"{top}/s", f"{name}:/")
        said = docker("start", "-a", name)
        size = int(docker("inspect", "-s", "-f", "{{.SizeRw}}", name).split()[-1])
    finally:
        docker("rm", "-f", name)
    lines = said.splitlines()
    took = re.findall(r"(\d+)m([\d.]+)s", lines[-1])
    seconds = sum(int(minutes) * 60 + float(rest) for minutes, rest in took)
    return Run(seconds, size - sum(map(len, (files or {}).values())), "\n".join(lines[:-2]))


class Spent(NamedTuple):
    """Seconds of the engine's processor and of the clock."""

    engine: float
    clock: float


def spent(*words: str, children: bool = False) -> tuple[Spent, str]:
    """What a docker command takes, with what the programs take that the engine runs or without, and what it says."""
    before, start = engine_seconds(children=children), time.perf_counter()
    said = docker(*words)
    return Spent(engine_seconds(children=children) - before, time.perf_counter() - start), said


def engine_seconds(*, children: bool) -> float:
    """Seconds of the processor that the engine behind the socket has used so far."""
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(os.environ["DOCKER_HOST"].removeprefix("unix://"))
        pid, _, _ = struct.unpack("3i", line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return sum(map(int, fields[11 : 15 if children else 13])) / os.sysconf("SC_CLK_TCK")


def _middle(runs: list[Spent]) -> Spent:
    """The median of the engine's seconds, and the best of the clock's."""
    return Spent(statistics.median(run.engine for run in runs), min(run.clock for run in runs))


def _slope(rows: Sequence[tuple[float, ...]], column: int = 1) -> float:
    return fit([(row[0], row[column]) for row in rows])[1]


def noise(size: int) -> bytes:
    """Bytes that do not compress, the same at each run."""
    return random.Random(size).randbytes(size)  # noqa: S311 (nothing secret)


def fit(rows: list[tuple[float, float]]) -> tuple[float, float]:
    """Start and slope of the straight line through (size, seconds)."""
    slope, start = statistics.linear_regression([row[0] for row in rows], [row[1] for row in rows])
    return start, slope


# --- what is measured: a name, and a function that answers with figures ---


def steps() -> dict[str, Any]:
    """Seconds around a RUN and a COPY that do nothing: those of a build of ten more than of a build of none."""
    many, head = 10, "FROM debian:bookworm-slim\nRUN true\n"
    names = {f"f{i}": b"x" for i in range(many)}
    none = min(build(head) for _ in range(3))
    runs = min(build(head + "".join(f"RUN echo {i}\n" for i in range(many))) for _ in range(3))
    copies = min(build(head + "".join(f"COPY {name} /{name}\n" for name in names), names) for _ in range(3))
    return {"run_s": (runs - none) / many, "copy_s": (copies - none) / many}


def copying() -> dict[str, Any]:
    """A COPY of one file and the export of its layer: megabytes, seconds of the engine and of the clock.

    The builder is sent the files of a context that it does not know yet, which is counted apart; it copies and exports all that the
    instruction names.
    """
    again, sent = [], []
    for size in COPY_SIZES:
        pairs = [_copy(size, number) for number in range(EXPORT_RUNS)]
        again.append((size / MEGABYTE, *_middle([pair[1] for pair in pairs])))
        sent.append((size / MEGABYTE, statistics.median(pair[0].engine - pair[1].engine for pair in pairs)))
    docker("rmi", TAG)
    return {
        "megabytes_engine_clock": again,
        "s_per_megabyte": _slope(again),
        "sent_megabytes_engine": sent,
        "sent_s_per_megabyte": _slope(sent),
    }


def _copy(size: int, number: int) -> tuple[Spent, Spent]:
    """A build with a COPY of a new file, and the same build again."""
    with tempfile.TemporaryDirectory() as top, alone():
        (Path(top) / "Dockerfile").write_text("FROM debian:bookworm-slim\nCOPY a /a\n", encoding="utf-8")
        (Path(top) / "a").write_bytes(noise(size + number))
        first, second = (spent("build", "--network=host", "--no-cache", "-t", TAG, top)[0] for _ in range(2))
        return first, second


def exporting() -> dict[str, Any]:
    """What a build takes after the command of its RUN: the snapshot, the layer's digest, the image.

    Megabytes of one large file, or a number of files of a kilobyte, seconds of the engine and of the clock. The clock begins as the
    command ends; the engine's seconds are those of the whole build, in which it does little else. `save` is what `docker save` takes.
    """
    sizes, saves, files = [], [], []
    for size in EXPORT_SIZES:
        runs = [_export(f"head -c {size} /dev/urandom >/f") for _ in range(EXPORT_RUNS)]
        sizes.append((size / MEGABYTE, *_middle([run[0] for run in runs])))
        saves.append((size / MEGABYTE, *_middle([run[1] for run in runs])))
    for number in EXPORT_FILES:
        command = f"mkdir /d && head -c {number}000 /dev/urandom | split -a 6 -b 1000 - /d/"
        files.append((number, *_middle([_export(command)[0] for _ in range(EXPORT_RUNS)])))
    docker("rmi", TAG)
    return {
        "megabytes_engine_clock": sizes,
        "start_s": fit([(row[0], row[1]) for row in sizes])[0],
        "s_per_megabyte": _slope(sizes),
        "clock_s_per_megabyte": _slope(sizes, 2),
        "files_engine_clock": files,
        "s_per_file": _slope(files),
        "clock_s_per_file": _slope(files, 2),
        "save_megabytes_engine_clock": saves,
        "save_s_per_megabyte": _slope(saves),
    }


def _export(command: str) -> tuple[Spent, Spent]:
    """What a build takes after its command has ended, and what saving the image takes."""
    with tempfile.TemporaryDirectory() as top, alone():
        text = f"FROM debian:bookworm-slim\nRUN {command} && echo ended $(date +%s.%N)\n"
        (Path(top) / "Dockerfile").write_text(text, encoding="utf-8")
        took, said = spent("build", "--network=host", "--no-cache", "--progress=plain", "-t", TAG, top)
        built = time.time()
        (ended,) = re.findall(r"ended (\d+\.\d+)", said)
        saved, _ = spent("save", "-o", f"{top}/image.tar", TAG)
        return Spent(took.engine, built - float(ended)), saved


def unpacking() -> dict[str, Any]:
    """A compressed layer, an image with Python, unpacked by `docker import`: megabytes on disk, seconds of the engine and of the clock.

    The engine's seconds are those of all cores, with the programs that it runs.
    """
    with tempfile.TemporaryDirectory() as top, alone():
        made = docker("create", "python:3.11-slim").split()[-1]
        packed = Path(top) / "layer.tar.gz"
        docker("export", "-o", f"{top}/layer.tar", made)
        docker("rm", made)
        data = (Path(top) / "layer.tar").read_bytes()
        packed.write_bytes(gzip.compress(data, 6))
        runs = []
        for _ in range(EXPORT_RUNS):
            runs.append(spent("import", str(packed), f"{TAG}:unpacked", children=True)[0])
            docker("rmi", f"{TAG}:unpacked")
    engine, clock = _middle(runs)
    return {"megabytes": len(data) / MEGABYTE, "engine_s": engine, "clock_s": clock, "bytes_per_s": len(data) / engine}


def downloading() -> dict[str, Any]:
    """Downloads from the same machine, by Python's client: seconds a request with a connection of its own, bytes a second of a large one.

    That is what client, server and system add to the network's time; the network itself is the user's to tell.
    """
    server = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), _Bodies)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        runs = [
            run("python:3.11-slim", 'python -c "$(cat fetch.py)"', {"fetch.py": FETCH.encode()})
            for _ in range(EXPORT_RUNS)
        ]
    finally:
        server.shutdown()
        server.server_close()
    small, large = (min(column) for column in zip(*(map(float, item.said.split()) for item in runs), strict=True))
    return {"s_per_request": small / REQUESTS, "bytes_per_s": LARGE_BODY / large}


class _Bodies(http.server.BaseHTTPRequestHandler):
    """`/small` and `/large`."""

    def log_message(self, *args: Any) -> None:
        """Keeps quiet."""

    def do_GET(self) -> None:
        body = _body(LARGE_BODY if self.path == "/large" else SMALL_BODY)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@functools.cache
def _body(size: int) -> bytes:
    return bytes(size)


def packing() -> dict[str, Any]:
    """Ratio and rates of gzip, and of unpacking, on the files of an image with Python, on one core."""
    with tempfile.TemporaryDirectory() as top:
        made = docker("create", "python:3.11-slim").split()[-1]
        plain = Path(top) / "layer.tar"
        docker("export", "-o", str(plain), made)
        docker("rm", made)
        data = plain.read_bytes()
        start = time.process_time()
        packed = gzip.compress(data, 6)
        packing_s = time.process_time() - start
        start = time.process_time()
        zlib.decompress(packed, wbits=31)
        with tarfile.open(plain) as archive:
            archive.extractall(Path(top) / "out", filter="tar")
        unpacking_s = time.process_time() - start
    return {
        "ratio": len(packed) / len(data),
        "pack_bytes_per_s": len(data) / packing_s,
        "unpack_bytes_per_s": len(data) / unpacking_s,
    }


def pip() -> dict[str, Any]:
    """`pip install` without a cache: megabytes, seconds."""
    runs = [run("python:3.11-slim", f"pip install -q --no-cache-dir {' '.join(names)} 2>&1") for names in PIP_SETS]
    rows = [(item.size / MEGABYTE, item.seconds) for item in runs]
    start, slope = fit(rows)
    return {"megabytes_and_seconds": rows, "start_s": start, "s_per_megabyte": slope}


def venv() -> dict[str, Any]:
    """`python -m venv`."""
    made = run("python:3.11-slim", "python -m venv /venv")
    return {"bytes": made.size, "seconds": made.seconds}


def npm() -> dict[str, Any]:
    """`npm install`: packages, seconds with an empty cache, seconds with that of the same install."""
    rows = []
    for names in NPM_SETS:
        volume = f"{TAG}-npm:/root/.npm"
        count = "grep -c '\"node_modules/' node_modules/.package-lock.json"
        cold, warm = (run("node:20", f"npm install {' '.join(names)} >&2 && {count}", volume=volume) for _ in range(2))
        docker("volume", "rm", f"{TAG}-npm")
        rows.append((int(cold.said.splitlines()[-1]), cold.seconds, warm.seconds))
    start, slope = fit([(float(number), seconds) for number, seconds, _ in rows])
    _, warm_slope = fit([(float(number), seconds) for number, _, seconds in rows])
    return {"packages_cold_warm": rows, "start_s": start, "s_per_package": slope, "warm_s_per_package": warm_slope}


def go() -> dict[str, Any]:
    """Go programs without modules (an empty one, a server, a large one): bytes of program and build cache, seconds on one core.

    `cgo` takes the standard library as the image has it compiled, as Go did before 1.20; `pure` is with CGO_ENABLED=0; `all`
    compiles the standard library, too, as Go does since then. `edited` is a second build after an edit.
    """
    found: dict[str, Any] = {}
    for name, text in (("empty", GO_EMPTY), ("server", GO_SERVER), ("large", GO_LARGE)):
        files = {"main.go": text.encode(), "go.mod": b"module example.org/a\n\ngo 1.19\n"}
        for kind, command in (("cgo", "go build"), ("pure", "CGO_ENABLED=0 go build"), ("all", "go build -a")):
            made = run("golang:1.19", f"{command} -o /a . && stat -c %s /a", files)
            program = int(made.said.splitlines()[-1])
            found[f"{name} {kind}"] = {"program": program, "cache": made.size - program, "seconds": made.seconds}
    command = "CGO_ENABLED=0 go build -o /a ."
    both = run("golang:1.19", f"{command} && echo '// edited' >>main.go && {command}", files)
    found["large edited"] = {"seconds": both.seconds - found["large pure"]["seconds"]}
    return found


def gcc() -> dict[str, Any]:
    """`gcc -O2` on plain C: thousands of lines, seconds."""
    line = "int f{0}(int a, int b) {{ int c = a * {0} + b; for (int i = 0; i < b; i++) c += a ^ i; return c % 7; }}\n"
    rows = []
    for lines in (1, 2000, 4000, 8000):
        text = "".join(line.format(i) for i in range(lines)) + "int main(void) { return f0(1, 2); }\n"
        rows.append((lines / 1000, run("gcc:12", "gcc -O2 -o /a a.c", {"a.c": text.encode()}).seconds))
    start, slope = fit(rows)
    return {"kilolines_and_seconds": rows, "start_s": start, "s_per_kiloline": slope}


# Those that need no engine.
COMPILERS: dict[str, Callable[[], dict[str, Any]]] = {
    function.__name__: function
    for function in (compiling.cargo, compiling.javac, compiling.maven, compiling.c_sources, compiling.typescript)
}
MEASUREMENTS: dict[str, Callable[[], dict[str, Any]]] = {
    function.__name__: function
    for function in (steps, copying, exporting, downloading, packing, unpacking, pip, venv, npm, go, gcc)
} | COMPILERS


def shown(value: Any) -> str:
    """A figure in few digits."""
    if isinstance(value, float):
        return f"{value:.3g}" if value < 1000 else f"{value:.0f}"
    if isinstance(value, list | tuple):
        return "; ".join(
            ", ".join(shown(part) for part in item) if isinstance(item, list | tuple) else shown(item) for item in value
        )
    if isinstance(value, dict):
        return ", ".join(f"{key} {shown(part)}" for key, part in value.items())
    return str(value)


def report(record: dict[str, Any]) -> str:
    """The page."""
    lines = [
        "# Rates of builds",
        "",
        f"Measured by `bench/rates.py` with {record['engine']}, on {record['machine']}.",
        "Seconds of a command are those of the processor, its own and the system's, so that other work on the machine does not count.",
        f"Those of the engine are of its processor, the median of {EXPORT_RUNS} runs, or of the clock, the best of them.",
    ]
    for name, found in record["rates"].items():
        meaning = "\n".join(line.strip() for line in (MEASUREMENTS[name].__doc__ or "").strip().splitlines())
        lines += [
            "",
            f"## {name}",
            "",
            meaning,
            "",
            f"Measured {found['date']}.",
            "",
            "| figure | value |",
            "|---|---|",
        ]
        lines += [f"| {key} | {shown(value)} |" for key, value in found["figures"].items()]
    return "\n".join(lines) + "\n"


def main() -> None:
    global _lock
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lock", type=Path, metavar="FILE")
    parser.add_argument("--only", action="append", choices=sorted(MEASUREMENTS), metavar="NAME")
    options = parser.parse_args()
    _lock = options.lock
    path = HERE / "rates.json"
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"rates": {}}
    names = options.only or list(MEASUREMENTS)
    if not COMPILERS.keys() >= set(names):
        info = json.loads(docker("info", "--format", "{{json .}}").splitlines()[-1])
        record["engine"] = f"Docker {info['ServerVersion']}, BuildKit, {info['Driver']}"
        record["machine"] = f"{info['NCPU']} cores, {info['MemTotal'] / 1e9:.0f} GB of memory, package mirrors nearby"
    for name in names:
        found = MEASUREMENTS[name]()
        record["rates"][name] = {"date": datetime.now(UTC).date().isoformat(), "figures": found}
        print(name, shown(found), flush=True)
        path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        path.with_suffix(".md").write_text(report(record), encoding="utf-8")


if __name__ == "__main__":
    main()
