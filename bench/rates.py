"""Measure how fast builds go, and what they leave, with the engine of DOCKER_HOST: the rates that the cost model stands on.

    python bench/rates.py [--lock FILE] [--only NAME]

Each measurement builds small Dockerfiles or runs a command in an image, and reads the time and the size. Seconds of a command are
those of the processor, its own and the system's, so that other work on the machine does not count. The results go to `bench/rates.json` and `bench/rates.md`; `fixers/cost/data/managers.toml` takes its figures from there. `--lock` names a
file that is locked while an image is built, for who shares the engine.
"""

from __future__ import annotations

import argparse
import fcntl
import gzip
import json
import random
import re
import statistics
import subprocess
import tarfile
import tempfile
import time
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

HERE = Path(__file__).parent
TAG = "dlint-rates"
MEGABYTE = 1e6
# Sets that are in none of the builds that the model is held against.
PIP_SETS = (("tabulate",), ("pytest", "httpx", "jinja2"), ("ipython",), ("polars",), ("jupyterlab",), ("statsmodels",))
NPM_SETS = (("dayjs",), ("koa",), ("mocha",), ("jest",), ("@nestjs/cli",), ("react-scripts",))
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


def writing() -> dict[str, Any]:
    """Bytes a second of a COPY."""
    data = noise(200_000_000)
    small = min(build("FROM debian:bookworm-slim\nCOPY a /a\n", {"a": b"x"}) for _ in range(3))
    large = min(build("FROM debian:bookworm-slim\nCOPY a /a\n", {"a": data}) for _ in range(3))
    return {"copy_bytes_per_s": len(data) / (large - small)}


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


MEASUREMENTS: dict[str, Callable[[], dict[str, Any]]] = {
    function.__name__: function for function in (steps, writing, packing, pip, venv, npm, go, gcc)
}


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
        f"Measured by `bench/rates.py` with {record['engine']} on {record['machine']}. Seconds of a command are those of the",
        "processor, its own and the system's, so that other work on the machine does not count.",
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
    info = json.loads(docker("info", "--format", "{{json .}}").splitlines()[-1])
    record["engine"] = f"Docker {info['ServerVersion']}, BuildKit, {info['Driver']}"
    record["machine"] = f"{info['NCPU']} cores, package mirrors nearby"
    for name in options.only or MEASUREMENTS:
        found = MEASUREMENTS[name]()
        record["rates"][name] = {"date": datetime.now(UTC).date().isoformat(), "figures": found}
        print(name, shown(found), flush=True)
        path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        path.with_suffix(".md").write_text(report(record), encoding="utf-8")


if __name__ == "__main__":
    main()
