"""Hunts for fixes that change what is built.

    python -m equivalence [--pairs N] [--seed S] [--time-box SECONDS] [--unsafe] [--record]     (in bench/)

Generates Dockerfiles until N of them had a fix and could be built, fixes them with dlint, builds both in the light executor, cold and
with hostile caches, and compares. Each kind of difference is made small and written to bench/equivalence/found/. `--unsafe` makes
the unsafe fixes as well: then each result must build and its command must answer. `--processes` are run side by side.

Exit status: 0 nothing differs; 1 something does; 75 this machine cannot run it.
"""

from __future__ import annotations

import argparse
import collections
import ctypes
import hashlib
import json
import multiprocessing
import os
import queue as queues
import signal
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.queues import Queue

    from hypothesis.strategies import SearchStrategy

    from .generate import Case

HERE = Path(__file__).parent
FOUND = HERE / "found"
RESULTS = HERE.parent / "equivalence.json"
PAGE = HERE.parent / "equivalence.md"
CANNOT = 75
# of prctl(2)
PARENT_DIES = 1
# what a step says that was ended
LATE = "sandbox: it took too long"
BATCH = 50
# rules that a batch is steered to
STEERED = 8
# failures of one kind that are made small
SHRUNK = 2
# pairs a second and process: 28 pairs took 10.5 s of processor time, all that they start included
RATE = 2.5


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m equivalence", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--time-box", type=float, metavar="SECONDS")
    parser.add_argument("--unsafe", action="store_true")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--no-shrink", action="store_true", help="report differences as they are")
    parser.add_argument("--record", action="store_true", help=f"write {RESULTS.name} and {PAGE.name}")
    parser.add_argument("--add", action="store_true", help="to what is recorded of other seeds with the same code of dlint; with --record")
    options = parser.parse_args()
    from .sandbox import can_run

    why = can_run()
    if why:
        print(f"bench/equivalence: SKIPPED: {why}: nothing was compared", file=sys.stderr)
        return CANNOT
    from . import images

    with tempfile.TemporaryDirectory(prefix="eq-bases-") as name:
        bases = Path(name) / "bases"
        try:
            images.make(bases)
        except images.MissingError as error:
            print(f"bench/equivalence: SKIPPED: {error}", file=sys.stderr)
            return CANNOT
        box = f", for {options.time_box:.0f} s at most" if options.time_box else ""
        print(f"{options.pairs} pairs: about {options.pairs / RATE / options.processes / 60:.0f} min with {options.processes} processes{box}", flush=True)
        totals = _campaign(options, bases)
    print(summary(totals))
    if options.record:
        record(totals, options)
    return 1 if totals["problems"] else 0


def _campaign(options: argparse.Namespace, bases: Path) -> dict[str, Any]:
    context = multiprocessing.get_context("spawn")
    results: Queue[dict[str, Any]] = context.Queue()
    share = -(-options.pairs // options.processes)
    end = time.time() + options.time_box if options.time_box else None
    workers = [
        context.Process(target=_work, args=(results, bases, options.seed * 1000 + number, share, end, options.unsafe, not options.no_shrink))
        for number in range(options.processes)
    ]
    start = time.monotonic()
    for worker in workers:
        worker.start()
    totals: dict[str, Any] = {"pairs": 0, "generated": 0, "unbuilt": 0, "unfixed": 0, "codes": {}, "scenarios": {}, "problems": {}, "notes": []}
    said = start
    while any(worker.is_alive() for worker in workers) or not results.empty():
        try:
            part = results.get(timeout=1)
        except queues.Empty:
            continue
        _add(totals, part)
        if time.monotonic() - said > 30:
            said = time.monotonic()
            print(f"{said - start:6.0f} s  {totals['pairs']} pairs, {sum(totals['problems'].values())} differ", flush=True)
    for worker in workers:
        worker.join()
        if worker.exitcode:
            raise RuntimeError(f"a process ended with {worker.exitcode}")
    totals["seconds"] = round(time.monotonic() - start, 1)
    return totals


def _add(totals: dict[str, Any], part: dict[str, Any]) -> None:
    for key, value in part.items():
        if isinstance(value, dict):
            for name, count in value.items():
                totals[key][name] = totals[key].get(name, 0) + count
        else:
            totals[key] += value


def _work(results: Queue[dict[str, Any]], bases: Path, seed: int, wanted: int, end: float | None, unsafe: bool, shrinks: bool) -> None:
    from .sandbox import Sandbox

    # it ends with the process that started it
    ctypes.CDLL(None).prctl(PARENT_DIES, signal.SIGTERM)
    sandbox = Sandbox()
    try:
        from .executor import Store

        store = Store(sandbox, bases)
        seen: collections.Counter[str] = collections.Counter()
        done = 0
        codes: collections.Counter[str] = collections.Counter()
        for batch in _batches(seed, codes):
            part = _batch(store, batch, unsafe, seen, shrinks, end)
            codes.update(part["codes"])
            done += part["pairs"]
            results.put(part)
            if done >= wanted or (end is not None and time.time() >= end):
                break
    finally:
        sandbox.close()


def _batch(store: Any, batch: list[Case], unsafe: bool, seen: collections.Counter[str], shrinks: bool, end: float | None) -> dict[str, Any]:
    from . import trial
    from .fixes import fix_all

    part: dict[str, Any] = {"pairs": 0, "generated": 0, "unbuilt": 0, "unfixed": 0, "codes": collections.Counter(), "scenarios": collections.Counter(), "problems": collections.Counter(), "notes": []}
    for case, fixed in zip(batch, fix_all(batch, unsafe=unsafe), strict=True):
        if end is not None and time.time() >= end:
            break
        part["generated"] += 1
        if fixed.note:
            part["notes"].append(fixed.note)
        if fixed.text == case.text:
            part["unfixed"] += 1
            continue
        outcome = trial.run(store, case, fixed, unsafe=unsafe)
        if any(LATE in problem.detail for problem in outcome.problems):
            # a machine that stands still for a while is no difference
            outcome = trial.run(store, case, fixed, unsafe=unsafe)
        if not outcome.built:
            part["unbuilt"] += 1
            if os.environ.get("EQUIVALENCE_UNBUILT"):
                print("UNBUILT", outcome.why[-300:], case.text, sep="\n", flush=True)
            continue
        part["pairs"] += 1
        part["codes"].update(fixed.codes)
        part["scenarios"].update(outcome.scenarios)
        for problem in outcome.problems:
            part["problems"][f"{problem.scenario} {problem.kind}"] += 1
            _report(store, case, fixed, problem, unsafe, seen, shrinks, end)
    return part


def _report(store: Any, case: Case, fixed: Any, problem: Any, unsafe: bool, seen: collections.Counter[str], shrinks: bool, end: float | None) -> None:
    from . import found
    from .shrink import shrink

    rough = f"{problem.scenario} {problem.kind} {found.gist(problem.detail)} {' '.join(fixed.codes) if not shrinks else ''}"
    seen[rough] += 1
    if seen[rough] > SHRUNK:
        return
    if shrinks:
        case, fixed, problem = shrink(store, case, fixed, problem, unsafe=unsafe, end=end)
    path = found.write(FOUND, case, fixed, problem, unsafe)
    if path is not None:
        print(f"\n!! {problem.scenario} {problem.kind}: {problem.detail[:400]}\n   by {', '.join(sorted({f'{code} {title}' for code, title in fixed.made}))}\n   {path}\n{case.text}---\n{fixed.text}", flush=True)


def _batches(seed: int, codes: collections.Counter[str] | None = None) -> Iterator[list[Case]]:
    """Batches of cases, without end; the same for the same seed. `codes` counts the fixes made so far: two thirds of the cases are
    about the rules that it has least of.
    """
    from .generate import cases
    from .rare import PIECES

    number = 0
    counted = collections.Counter() if codes is None else codes
    while True:
        batch: dict[str, Case] = {}
        rarest = sorted(PIECES, key=lambda code: counted[code])[:STEERED]
        while len(batch) < BATCH:
            number += 1
            wanted = rarest[number // 3 % STEERED] if number % 3 else None
            # the first example is always the simplest; later ones are often variations of those before
            for case in _collected(cases(wanted), seed * 1_000_000 + number)[1:]:
                batch.setdefault(case.text, case)
        yield list(batch.values())


def _collected(strategy: SearchStrategy[Case], number: int) -> list[Case]:
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import seed as seeded

    batch: list[Case] = []

    @seeded(number)
    @settings(max_examples=3, database=None, phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def collect(case: Case) -> None:
        batch.append(case)

    collect()
    return batch


# ------------------------------------------------------------ what it comes to


def summary(totals: dict[str, Any]) -> str:
    rate = totals["pairs"] / max(totals["seconds"], 1)
    lines = [
        f"{totals['pairs']} pairs with a fix in {totals['seconds']:.0f} s ({rate:.1f} a second); {totals['generated']} were generated, {totals['unfixed']} had no fix, {totals['unbuilt']} did not build before it",
        f"scenarios: {', '.join(f'{name} {count}' for name, count in sorted(totals['scenarios'].items()))}",
        f"fixes: {', '.join(f'{code} {count}' for code, count in sorted(totals['codes'].items()))}",
        f"differences: {sum(totals['problems'].values())} {dict(totals['problems']) or ''}",
    ]
    if totals["notes"]:
        lines.append(f"fixes that could not be made: {len(totals['notes'])}, the first: {totals['notes'][0]}")
    return "\n".join(lines)


def code(*rooms: str) -> str:
    """A digest of what decides which fixes are made, of dlint's modules and data; or of the modules in other folders."""
    top = HERE.parent.parent
    wanted = rooms or ("lint", "rules", "fixers")
    paths = sorted(path for room in wanted for path in (top / room).rglob("*") if path.suffix in (".py", ".toml"))
    digest = hashlib.blake2b(digest_size=8)
    for path in paths:
        digest.update(str(path.relative_to(top)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def record(totals: dict[str, Any], options: argparse.Namespace) -> None:
    """Writes the figures."""
    rows = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    key = "unsafe" if options.unsafe else "safe"
    row = {**totals, "seeds": [options.seed], "processes": options.processes, "date": datetime.now(UTC).date().isoformat(), "code": code()}
    known = rows.get(key)
    if options.add and known is not None and known["code"] == row["code"] and options.seed not in known["seeds"]:
        _add(row, {name: known[name] for name in (*totals, "seeds")})
    rows[key] = row
    RESULTS.write_text(json.dumps(rows, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    from .page import page

    PAGE.write_text(page(rows), encoding="utf-8")


