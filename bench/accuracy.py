"""Hold the cost model against real builds.

    python bench/accuracy.py --build [--only NAME] [--lock FILE]   build with the engine of DOCKER_HOST, record, report
    python bench/accuracy.py --recorded                            compare with the recorded builds, report

The cases are in `bench/accuracy/cases.toml`. A build is made cold (all caches emptied, so stop other builds), again with
nothing changed, after an edit of the source, after a change of dependencies, and with other arguments. What the builder said and
what is in the image is recorded in `bench/accuracy.json`; `bench/accuracy.md` and `bench/accuracy.svg` say how far the
model is off. `--lock` names a file that is locked while an image is built, for who shares the engine.
"""

from __future__ import annotations

import argparse
import fcntl
import functools
import gzip
import hashlib
import http.server
import io
import json
import random
import re
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import tomllib
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from dockerlint.fixers.cost import run_cost
from dockerlint.fixers.cost.bounded import Amount
from dockerlint.fixers.cost.build_graph import BuildGraph
from dockerlint.fixers.cost.cache_keys import ContextChange, rerun, with_args
from dockerlint.fixers.cost.copy_selections import Selections
from dockerlint.fixers.cost.cost_model import estimate
from dockerlint.fixers.cost.work_recipes import brought
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.context.build_context import Context
from dockerlint.lint.syntax.parser import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.fixers.cost import Estimate
    from dockerlint.fixers.cost.build_graph import CopySource, Step

HERE = Path(__file__).parent
FOLDER = HERE / "accuracy"
CASES, RECORD = FOLDER / "cases.toml", HERE / "accuracy.json"
PREDICTED = FOLDER / "predicted.json"
# How many times as long, or as short, is near.
NEAR = 2
PORT = 8765
# How long the engine is held, in seconds, before others get their turn.
TURN = 150
TAG = "dlint-accuracy"
# The engine's package mirror is nearby: 1 Gbit/s.
NETWORK = Amount.exact(125e6)
SMALL = 1_000_000
# On a machine that does other things too, half a second is noise, and so is a whole build of less than two seconds; what takes
# less than a tenth of the cold build is as good as nothing.
LEAST_SECONDS, LEAST_COLD, LEAST_SHARE = 0.5, 2.0, 0.1
# What the stand-in for debian:bookworm-slim has above the official image.
STAND_IN = frozenset(("ca-certificates", "openssl", "libssl3"))
STEP = re.compile(r"#(\d+) \[(?:(\S+) )?(\d+)/\d+\] (RUN|COPY|ADD|WORKDIR)\b")
DONE = re.compile(r"#(\d+) (CACHED|DONE|ERROR)\b")
CACHES = ("var/lib/apt/lists/", "var/cache/apt/", "root/.cache/", "root/.npm/", "root/.cache/go-build/")


# --- cases ---


@functools.cache
def cases() -> dict[str, dict[str, Any]]:
    """The cases by name, as they stand in the file."""
    data = tomllib.loads(CASES.read_text(encoding="utf-8"))
    return {case["name"]: case | {"dockerfile": case["dockerfile"].lstrip("\n")} for case in data["case"]}


def made_up(name: str, size: int) -> bytes:
    """Text that is the same at each run, and compresses about as source code does."""
    rng = random.Random(name)  # noqa: S311 (nothing secret)
    words = [rng.randbytes(4).hex().encode() for _ in range(600)]
    block = b" ".join(rng.choice(words) for _ in range(7000))
    return (block * (size // len(block) + 1))[:size]


def lay_out(case: dict[str, Any], folder: Path) -> None:
    """Writes a case's context and Dockerfile."""
    shutil.copytree(FOLDER / case["context"], folder, dirs_exist_ok=True)
    for name, size in case.get("files", {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(made_up(name, size))
    for name, members in case.get("archive", {}).items():
        (folder / name).write_bytes(_archive(members))
    (folder / "Dockerfile").write_text(case["dockerfile"], encoding="utf-8")


def _archive(members: dict[str, int]) -> bytes:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        for name, size in members.items():
            info = tarfile.TarInfo(name)
            info.size = size
            archive.addfile(info, io.BytesIO(made_up(name, size)))
    return gzip.compress(plain.getvalue(), 6, mtime=0)


def edits(case: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """The scenarios of a case that touch files, with the files."""
    found = {"source edit": tuple(case["source"])}
    return found | ({"dependency change": tuple(case["dependency"])} if "dependency" in case else {})


def change(case: dict[str, Any], scenario: str, folder: Path) -> None:
    """Makes the edit of a scenario."""
    for name, places in case[scenario.partition(" ")[0]].items():
        text = (folder / name).read_text(encoding="utf-8")
        for old, new in places.items():
            text = text.replace(old, new, 1) if old else text + new
        (folder / name).write_text(text, encoding="utf-8")


# --- builds ---


@dataclass(slots=True)
class Engine:
    """The docker command, and the file that is locked while it builds."""

    lock: Path | None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Waits for the others."""
        if self.lock is None:
            yield
            return
        with self.lock.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def run(self, *words: str, stdin: bytes | None = None) -> str:
        """What the engine answers, errors and all; raises CalledProcessError when it fails."""
        done = subprocess.run(
            ["docker", *words],  # noqa: S607 (the engine that the caller's PATH names)
            check=True,
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        return done.stdout.decode(errors="replace")

    def build(self, folder: Path, args: dict[str, str]) -> tuple[float, str]:
        """Seconds of a build, and what the builder said."""
        words = [word for name, value in args.items() for word in ("--build-arg", f"{name}={value}")]
        start = time.perf_counter()
        said = self.run("build", "--network=host", "--progress=plain", "-t", TAG, *words, str(folder))
        return time.perf_counter() - start, said

    def layers(self, case: dict[str, Any]) -> list[dict[str, Any]]:
        """The layers above the base image, lowest first: how each was made, and its bytes."""
        base = re.findall(r"^FROM (\S+)", case["dockerfile"], re.MULTILINE)[-1]
        below = 0 if base == "scratch" else len(self._history(base))
        made = [(item["CreatedBy"], int(item["Size"])) for item in reversed(self._history(TAG))][below:]
        found = [(re.sub(r"/bin/sh -c | # buildkit", "", text), size) for text, size in made]
        return [
            {"instruction": " ".join(text.split())[:100], "bytes": size}
            for text, size in found
            if text.startswith(("RUN", "COPY", "ADD", "WORKDIR")) and text != "WORKDIR /"
        ]

    def _history(self, image: str) -> list[dict[str, str]]:
        said = self.run("history", "--no-trunc", "-H=false", "--format", "{{json .}}", image)
        return [json.loads(line) for line in said.splitlines()]

    def waste(self, count: int) -> int:
        """Bytes of the `count` upper layers that a later layer hides or writes again, or that are caches."""
        with tempfile.TemporaryDirectory() as top:
            file = Path(top) / "image.tar"
            self.run("save", "-o", str(file), TAG)
            with tarfile.open(file) as image:
                names = json.load(_member(image, "manifest.json"))[0]["Layers"]
                config = json.load(_member(image, json.load(_member(image, "manifest.json"))[0]["Config"]))
                wanted = _upper(config["history"], count)
                return _wasted([_members(image, name) for name in names], wanted)


def _member(image: tarfile.TarFile, name: str) -> Any:
    return image.extractfile(name)


def _upper(history: list[dict[str, Any]], count: int) -> int:
    """How many layers the last `count` steps that may make one have really made; empty ones are none."""
    steps = [item for item in history if item.get("created_by", "").startswith(("RUN", "COPY", "ADD", "WORKDIR"))]
    return sum(not item.get("empty_layer") for item in steps[-count:])


def _members(image: tarfile.TarFile, name: str) -> dict[str, int]:
    with tarfile.open(fileobj=_member(image, name)) as layer:
        return {item.name.rstrip("/"): item.size for item in layer if not item.isdir()}


def _wasted(layers: list[dict[str, int]], upper: int) -> int:
    there: dict[str, int] = {}
    gone = 0
    for number, layer in enumerate(layers):
        own = number >= len(layers) - upper
        for name, size in layer.items():
            folder, _, last = name.rpartition("/")
            if last == ".wh..wh..opq":
                hidden = [path for path in there if path.startswith(folder + "/")]
            elif last.startswith(".wh."):
                path = f"{folder}/{last[4:]}".lstrip("/")
                hidden = [item for item in there if item == path or item.startswith(path + "/")]
            else:
                hidden = [name] if name in there else []
            gone += sum(there.pop(path) for path in hidden)
            if own and not last.startswith(".wh."):
                there[name] = size
    return gone + sum(size for name, size in there.items() if name.startswith(CACHES))


def reran(said: str, stages: list[str]) -> list[list[Any]]:
    """`[stage, position, runs again, seconds]` of each step, as the builder's output says it."""
    steps = {match[1]: (match[2], int(match[3])) for match in STEP.finditer(said)}
    ended = {match[1]: match[2] for match in DONE.finditer(said)}
    found = []
    for number, (stage, position) in steps.items():
        took = re.search(rf"#{number} DONE (\d+\.\d)s", said)
        found.append(
            [stages.index(stage) if stage else 0, position, ended[number] != "CACHED", float(took[1]) if took else 0.0]
        )
    return sorted(found)


def stage_names(dockerfile: str) -> list[str]:
    """The names that the builder's output has for the stages; of a single one it mostly leaves the name out."""
    heads = re.findall(r"^FROM \S+(?: AS (\S+))?", dockerfile, re.MULTILINE | re.IGNORECASE)
    return [name.lower() or f"stage-{number}" for number, name in enumerate(heads)]


def build(case: dict[str, Any], engine: Engine, top: Path) -> dict[str, Any]:
    """Builds a case in all its scenarios, and says what came of it."""
    stages = stage_names(case["dockerfile"])
    folder = top / "cold"
    lay_out(case, folder)
    seconds: dict[str, float] = {}
    steps: dict[str, Any] = {}
    with serving(case, top):
        engine.run("builder", "prune", "-af")
        seconds["cold"], said = engine.build(folder, {})
        steps["cold"] = reran(said, stages)
        layers = engine.layers(case)
        wasted = engine.waste(len(layers)) if case.get("waste") else None
        plans: list[tuple[str, dict[str, str]]] = [("nothing", {}), *((name, {}) for name in edits(case))]
        for name, args in [*plans, *([("arguments", case["args"])] if "args" in case else [])]:
            other = top / name.replace(" ", "-")
            shutil.copytree(folder, other)
            if name in edits(case):
                change(case, name, other)
            seconds[name], said = engine.build(other, args)
            steps[name] = reran(said, stages)
            if name == "nothing":
                seconds[name] = min(seconds[name], *(engine.build(other, args)[0] for _ in range(2)))
    seconds = {name: round(value, 2) for name, value in seconds.items()}
    made = {"dockerfile": digest(case), "layers": layers, "seconds": seconds, "steps": steps}
    return made | ({"wasted": wasted} if wasted is not None else {})


def digest(case: dict[str, Any]) -> str:
    """What tells a record that its case has changed."""
    return hashlib.sha256(case["dockerfile"].encode()).hexdigest()[:16]


# --- the index that pip's and curl's downloads come from ---


@contextmanager
def serving(case: dict[str, Any], top: Path) -> Iterator[None]:
    """Serves the wheels that a case's lists name, with the cache headers of the public index, and /blob.bin."""
    if "serve" not in case:
        yield
        return
    wheels = top / "wheels"
    wheels.mkdir()
    for name in case["serve"]:
        words = [
            "download",
            "-q",
            "-d",
            str(wheels),
            "-r",
            str(FOLDER / case["context"] / name),
            "six",
            "wheel",
            "setuptools",
        ]
        subprocess.run(
            [sys.executable, "-m", "pip", *words, "--python-version", "3.11", "--only-binary=:all:"], check=True
        )
    server = http.server.ThreadingHTTPServer(("127.0.0.1", PORT), functools.partial(_Index, wheels))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Index(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, wheels: Path, *args: Any) -> None:
        self.wheels = wheels
        super().__init__(*args)

    def log_message(self, *args: Any) -> None:
        """Keeps quiet."""

    def do_GET(self) -> None:
        _, first, *rest = self.path.split("/")
        body: bytes | None = None
        if first == "simple":
            names = [
                path.name for path in self.wheels.iterdir() if _normal(path.name.split("-")[0]) == _normal(rest[0])
            ]
            body = "".join(f'<a href="/files/{name}">{name}</a>' for name in names).encode() if names else None
        elif first == "files" and (self.wheels / Path(rest[0]).name).is_file():
            body = (self.wheels / Path(rest[0]).name).read_bytes()
        elif first == "blob.bin":
            body = made_up("blob.bin", 10_000_000)
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Type", "text/html" if first == "simple" else "application/octet-stream")
        self.send_header("Cache-Control", "public, max-age=600" if first == "simple" else "public, max-age=31536000")
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


# --- the model against the record ---


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer over the base: its case, the instruction, bytes in the image and as said; `known` says that nothing is missing."""

    case: str
    instruction: str
    real: int
    said: float
    known: bool

    @property
    def error(self) -> float:
        """Relative to the real size, and to a megabyte for smaller layers."""
        return abs(self.said - self.real) / max(self.real, SMALL)


@dataclass(frozen=True, slots=True)
class Rebuild:
    """A scenario: seconds as built and as said, the same for the cold build, and per step whether it was rebuilt."""

    case: str
    scenario: str
    real: float
    said: float
    real_cold: float
    said_cold: float
    steps: tuple[tuple[str, bool, bool], ...]
    known: bool

    @property
    def counts(self) -> bool:
        """Whether its time is one to compare: a build that is not too short, of which the model knows all the time."""
        return self.known and self.scenario not in ("cold", "arguments") and self.real_cold >= LEAST_COLD

    @property
    def ratio(self) -> float:
        """How far the share of the cold build's time that the scenario takes is off: 1 is right, 2 is twice."""
        off = _share(self.said, self.said_cold) / _share(self.real, self.real_cold)
        return max(off, 1 / off)


def _share(seconds: float, cold: float) -> float:
    return max(seconds / cold if seconds >= LEAST_SECONDS else 0.0, LEAST_SHARE)


@dataclass(frozen=True, slots=True)
class Waste:
    """Bytes of no use in the layers above the base, as measured and as said."""

    case: str
    real: int
    said: float

    @property
    def error(self) -> float:
        """Relative to what is really wasted, and to a megabyte below that."""
        return abs(self.said - self.real) / max(self.real, SMALL)


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that is compared."""

    layers: list[Layer]
    rebuilds: list[Rebuild]
    wastes: list[Waste]

    def sized(self) -> list[Layer]:
        """The layers that are big enough to count, and that the model says it knows."""
        return [layer for layer in self.layers if layer.known and max(layer.real, layer.said) >= SMALL]

    def timed(self) -> list[Rebuild]:
        """The scenarios whose times are compared."""
        return [item for item in self.rebuilds if item.counts]

    def decided(self) -> list[tuple[bool, bool]]:
        """Of each step of each scenario: whether the builder ran it again, and whether that was said."""
        return [(real, said) for item in self.rebuilds for _, real, said in item.steps]


@contextmanager
def on_stand_in() -> Iterator[None]:
    """Lets the model know what the stand-in for the base image has, which the official one has not."""
    with mock.patch.object(run_cost, "brought", lambda tools: brought(tools) | STAND_IN):
        yield


def compare(record: dict[str, Any]) -> Comparison:
    """The model's answers beside the record's."""
    layers: list[Layer] = []
    rebuilds: list[Rebuild] = []
    wastes: list[Waste] = []
    for name, made in record["cases"].items():
        case = cases()[name]
        if made["dockerfile"] != digest(case):
            raise SystemExit(f"{name}: the case has changed since it was recorded; build it again")
        with tempfile.TemporaryDirectory() as top:
            folder = Path(top) / "context"
            lay_out(case, folder)
            doc = parse(case["dockerfile"])
            facts = Facts(doc, Context.of(folder))
            with on_stand_in():
                found = estimate(doc, facts, network=NETWORK)
            layers += _layers(name, made, found)
            rebuilds += _rebuilds(case, made, found, facts)
        if "wasted" in made:
            said = sum(step.wasted.mid for step in found.steps if not step.instruction.startswith("FROM"))
            wastes.append(Waste(name, made["wasted"], said))
    return Comparison(layers, rebuilds, wastes)


def predict(record: dict[str, Any]) -> None:
    """Writes down the estimates of the cases that were never built, for `foretold`; what was said of a case before stays."""
    said = json.loads(PREDICTED.read_text(encoding="utf-8")) if PREDICTED.is_file() else {}
    for name, case in cases().items():
        if name in record["cases"] or name in said:
            continue
        with tempfile.TemporaryDirectory() as top:
            folder = Path(top) / "context"
            lay_out(case, folder)
            doc = parse(case["dockerfile"])
            with on_stand_in():
                found = estimate(doc, Facts(doc, Context.of(folder)), network=NETWORK)
        last = found.steps[-1].stage
        said[name] = {
            "date": datetime.now(UTC).date().isoformat(),
            "dockerfile": digest(case),
            "layers": [
                {"instruction": step.instruction, "adds": step.adds.as_json()}
                for step in found.steps
                if step.stage == last and not step.instruction.startswith("FROM")
            ],
            "cold": found.scenario("cold").seconds.as_json(),
        }
    PREDICTED.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")


def foretold(record: dict[str, Any]) -> list[str]:
    """How far what was said before the builds is from what came of them, in sentences."""
    said = json.loads(PREDICTED.read_text(encoding="utf-8")) if PREDICTED.is_file() else {}
    errors, inside, near = [], [], []
    built = [name for name in said if name in record["cases"]]
    for name in built:
        made = record["cases"][name]
        for guess, layer in zip(said[name]["layers"], made["layers"], strict=True):
            adds, real = guess["adds"], layer["bytes"]
            if max(real, adds["mid"]) < SMALL:
                continue
            errors.append(abs(adds["mid"] - real) / max(real, SMALL))
            inside.append(adds["low"] <= real and (adds["high"] is None or real <= adds["high"]))
        if made.get("busy"):
            continue
        ratio = said[name]["cold"]["mid"] / made["seconds"]["cold"]
        near.append(max(ratio, 1 / ratio) <= NEAR)
    if not errors:
        return []
    middle = 100 * statistics.median(errors)
    return [
        f"said before they were built: {len(built)} builds, {len(errors)} layers over 1 MB",
        f"median error of these {middle:.1f} %, real size within the bounds in {sum(inside)}",
        f"seconds of these cold builds within a factor of {NEAR} in {sum(near)} of {len(near)} that were built on an idle machine",
    ]


def _layers(name: str, made: dict[str, Any], found: Estimate) -> Iterator[Layer]:
    last = found.steps[-1].stage
    steps = [step for step in found.steps if step.stage == last and not step.instruction.startswith("FROM")]
    for step, layer in zip(steps, made["layers"], strict=True):
        if step.instruction.split()[0] != layer["instruction"].split()[0]:
            raise SystemExit(f"{name}: {step.instruction!r} stands beside {layer['instruction']!r}")
        yield Layer(name, step.instruction, layer["bytes"], step.adds.mid, step.adds.is_complete)


def _rebuilds(case: dict[str, Any], made: dict[str, Any], found: Estimate, facts: Facts) -> Iterator[Rebuild]:
    graph = BuildGraph.of(facts)
    selections = Selections(facts.context)
    steps = [step for step in graph.steps if not step.is_pull]
    texts = [cost.instruction for step, cost in zip(graph.steps, found.steps, strict=True) if not step.is_pull]
    # with much else on the machine, times are those of the others
    known = all(cost.seconds.is_complete for cost in found.steps) and not made.get("busy", False)
    cold = found.scenario("cold").seconds.mid
    for scenario, rows in made["steps"].items():
        again = rerun(graph, _change(case, scenario, facts, graph, selections))
        ran = _ran(case["dockerfile"], steps, texts, rows)
        decided = tuple((text, real, step.number in again) for text, step, real in zip(texts, steps, ran, strict=True))
        said = found.scenario(scenario).seconds.mid if scenario != "arguments" else cold
        if scenario not in ("cold", "arguments"):
            yield Rebuild(
                case["name"], scenario, made["seconds"][scenario], said, made["seconds"]["cold"], cold, decided, known
            )
        else:
            yield Rebuild(case["name"], scenario, 1.0, 1.0, 1.0, 1.0, decided, known)


def _change(case: dict[str, Any], scenario: str, facts: Facts, graph: BuildGraph, selections: Selections) -> ContextChange:
    """What a scenario changes: the very files that were edited, or the arguments."""
    if scenario == "arguments":
        return ContextChange(keys=with_args(graph, facts, case["args"]))
    paths = set(edits(case).get(scenario, ()))

    def touched(_: Step, source: CopySource) -> bool:
        return not paths.isdisjoint(selections.select(source.pattern))

    return ContextChange(touched, all=scenario == "cold")


def _ran(dockerfile: str, steps: list[Step], texts: list[str], rows: list[list[Any]]) -> list[bool]:
    """Whether the builder ran each step again; of equal steps of two stages it makes one, and names it once."""
    bases = re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE)
    said = {(stage, position): bool(again) for stage, position, again, _ in rows}
    places = [
        (
            step.stage,
            sum(other.stage == step.stage for other in steps[:at]) + (1 if bases[step.stage] == "scratch" else 2),
        )
        for at, step in enumerate(steps)
    ]
    by_text = {text: said[place] for text, place in zip(texts, places, strict=True) if place in said}
    if not said.keys() <= set(places):
        raise SystemExit(f"the builder made steps that the graph lacks: {sorted(said.keys() - set(places))}")
    return [said.get(place, by_text.get(text, False)) for text, place in zip(texts, places, strict=True)]


def ranks(values: list[float]) -> list[float]:
    """The rank of each value; equal ones share the middle of theirs."""
    order = sorted(values)
    first = {value: order.index(value) for value in set(order)}
    return [first[value] + (order.count(value) - 1) / 2 for value in values]


def correlation(rows: list[Layer]) -> float:
    """Spearman's rank correlation of said and real sizes."""
    return statistics.correlation(ranks([row.said for row in rows]), ranks([float(row.real) for row in rows]))


# --- the report ---


def summary(found: Comparison) -> str:
    """The figures in a few lines."""
    sized = found.sized()
    over = [layer for layer in found.layers if layer.real >= SMALL]
    decided = found.decided()
    timed = found.timed()
    over_known = sum(layer.known for layer in over)
    error = 100 * statistics.median(layer.error for layer in sized)
    made = 100 * statistics.median(layer.error for layer in sized if layer.instruction.startswith("RUN"))
    waste = 100 * statistics.median(item.error for item in found.wastes)
    right = sum(real == said for real, said in decided)
    near = sum(item.ratio <= 2 for item in timed)
    factor = statistics.median(item.ratio for item in timed)
    lines = [
        f"layers over 1 MB: {len(over)}, known: {over_known}; median error {error:.1f} %, of RUN steps {made:.1f} %",
        f"rank correlation of real and said sizes: {correlation(sized):.3f}",
        f"wasted bytes: {len(found.wastes)} cases, median error {waste:.1f} %",
        f"steps run again or cached: {right} of {len(decided)} right",
        f"rebuild time as a share of the cold build: {len(timed)} scenarios, median factor {factor:.2f}, within 2 in {near}",
    ]
    return "\n".join(f"- {line}" for line in lines)


def report(record: dict[str, Any], found: Comparison) -> str:
    """The page: what was built, and how far off the model is."""
    lines = [
        "# How far the cost model is off",
        "",
        f"Built {record['date']} with {record['engine']}, {record['machine']}; made by `bench/accuracy.py`, redone without an",
        "engine by `bench/accuracy.py --recorded`. Sizes are layers above the base image, in MB (10^6 bytes).",
        "",
        summary(found),
        "",
        "![said against real layer sizes](accuracy.svg)",
        "",
        "## Layers",
        "",
        "A size with a + is a lower bound: the model says that it does not know all of it. Those count in no average.",
        "",
        "| case | step | real | said | error |",
        "|---|---|---:|---:|---:|",
    ]
    for layer in found.layers:
        if max(layer.real, layer.said) >= SMALL:
            text = layer.instruction.replace("|", "\\|")
            text = text if len(text) <= 70 else text[:67] + "..."
            error = f"{100 * layer.error:.0f} %" if layer.known else ""
            plus = "" if layer.known else "+"
            lines.append(
                f"| {layer.case} | `{text}` | {layer.real / 1e6:.1f} | {layer.said / 1e6:.1f}{plus} | {error} |"
            )
    lines += ["", "## Wasted bytes", "", "| case | real | said | error |", "|---|---:|---:|---:|"]
    lines += [
        f"| {item.case} | {item.real / 1e6:.1f} | {item.said / 1e6:.1f} | {100 * item.error:.0f} % |"
        for item in found.wastes
    ]
    lines += [
        "",
        "## Rebuilds",
        "",
        f"Seconds of the build; the factor compares the shares of the cold build's time. Less than {LEAST_SECONDS} s or a tenth of the",
        f"cold build counts as a tenth, and there is no factor for builds of less than {LEAST_COLD} s, or where the model does not know",
        "all the time (+).",
        "The machine did other things too: the seconds of a case compare with each other only.",
        "Steps: how many the builder ran again. `nothing` is the best of three.",
        "",
        "| case | scenario | real | said | factor | steps | right |",
        "|---|---|---:|---:|---:|---:|---|",
    ]
    for item in found.rebuilds:
        again = sum(real for _, real, _ in item.steps)
        right = "yes" if all(real == said for _, real, said in item.steps) else "NO"
        row = f"| {item.case} | {item.scenario} |"
        if item.scenario in ("cold", "arguments"):
            lines.append(f"{row} | | | {again}/{len(item.steps)} | {right} |")
            continue
        plus = "" if item.known else "+"
        factor = f"{item.ratio:.1f}" if item.counts else ""
        lines.append(
            f"{row} {item.real:.1f} | {item.said:.1f}{plus} | {factor} | {again}/{len(item.steps)} | {right} |"
        )
    return "\n".join(lines) + "\n"


def plot(found: Comparison, path: Path) -> None:
    """A scatter of said against real sizes, on two logarithmic axes."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = TAG
    from matplotlib import pyplot

    rows = found.sized()
    figure, axes = pyplot.subplots(figsize=(6, 6))
    axes.scatter([row.real / 1e6 for row in rows], [row.said / 1e6 for row in rows], s=18, alpha=0.7)
    top = 1.3 * max(max(row.real, row.said) for row in rows) / 1e6
    axes.plot([1, top], [1, top], lw=1, color="black")
    axes.fill_between([1, top], [0.8, 0.8 * top], [1.2, 1.2 * top], alpha=0.15, label="within 20 %")
    axes.set(xscale="log", yscale="log", xlabel="real MB", ylabel="said MB", title="Layers above the base image")
    axes.legend()
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", action="store_true", help="build, and record")
    parser.add_argument("--predict", action="store_true", help="write down what is said of the cases that were never built")
    parser.add_argument("--recorded", action="store_true", help="only compare with the record")
    parser.add_argument(
        "--only", action="append", default=[], choices=sorted(cases()), metavar="NAME", help="build these cases only"
    )
    parser.add_argument("--lock", type=Path, metavar="FILE")
    options = parser.parse_args()
    if options.build + options.recorded + options.predict != 1:
        parser.error("say --predict, --build or --recorded")
    record = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.is_file() else {"cases": {}}
    if options.predict:
        predict(record)
        return
    if options.build:
        _build(record, options.only, Engine(options.lock))
    found = compare(record)
    (HERE / "accuracy.md").write_text(report(record, found), encoding="utf-8")
    plot(found, HERE / "accuracy.svg")
    print(summary(found))
    print("\n".join(f"- {sentence}" for sentence in foretold(record)))


def _build(record: dict[str, Any], only: list[str], engine: Engine) -> None:
    version = engine.run("version", "--format", "{{.Server.Version}}").strip()
    info = json.loads(engine.run("info", "--format", "{{json .}}").splitlines()[-1])
    record["date"] = datetime.now(UTC).date().isoformat()
    record["engine"] = f"Docker {version}, BuildKit, {info['Driver']}"
    record["machine"] = f"{info['NCPU']} cores, package mirror nearby"
    wanted = list(only or cases())
    while wanted:
        with engine.alone():
            until = time.monotonic() + TURN
            while wanted and time.monotonic() < until:
                _record(record, wanted.pop(0), engine)
        time.sleep(1)  # who waits for the lock comes first


def _record(record: dict[str, Any], name: str, engine: Engine) -> None:
    """Builds a case and writes down what came of it; one that cannot be built is told, and left out."""
    with tempfile.TemporaryDirectory() as top:
        try:
            record["cases"][name] = build(cases()[name], engine, Path(top))
        except subprocess.CalledProcessError as error:
            said = error.output.decode(errors="replace")[-1500:] if error.output else str(error)
            print(f"{name}: {said}", file=sys.stderr)
            return
    print(name, record["cases"][name]["seconds"], flush=True)
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
