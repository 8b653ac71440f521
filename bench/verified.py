"""Builds small projects before and after their fixes with a real engine, and holds the images against each other.

    python bench/verified.py [NAME]... [--time-box SECONDS] [--record] [--engine NAME]

NAME is a folder of bench/verified; all of them by default. Safe fixes are verified in each; those named stages-* are verified
with the unsafe fixes as well, as these make the stages. `--record` writes what was measured to bench/verified.json, with the
date and the engine, and the table in docs/verified.md; projects that were not run keep what was measured before. With
`--time-box` the quickest go first, and no project is begun that would not be done in time.

Exit status: 0 no safe fix changed an image; 1 one did; 2 a project could not be verified; 75 there is no engine here.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HERE = Path(__file__).parent
PROJECTS = HERE / "verified"
RESULTS = HERE / "verified.json"
PAGE = HERE.parent / "docs" / "verified.md"
DLINT = [sys.executable, "-c", "from dockerlint.lint.cli import main; raise SystemExit(main())"]
UNSAFE = "stages-"
NO_ENGINE = 75
# What the recorded figures were measured on; to be changed where they are recorded anew.
BASES = "The base images are small stand-ins for the official ones, on Debian; sizes are of"
# seconds that a project takes when it was never measured
GUESS = 40.0
# fixes that change the order of steps, and those that split a stage
ORDER = frozenset({"DF101", "DF102", "DF105"})
STAGES = frozenset({"DF301", "DF205"})

Row = dict[str, Any]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--time-box", type=float, metavar="SECONDS")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--engine", choices=["docker", "podman", "buildah"])
    parser.add_argument("--page", action="store_true", help="only write the page from what was recorded")
    options = parser.parse_args()
    known = read()
    if options.page:
        PAGE.write_text(page(known), encoding="utf-8")
        return 0
    if not _has_engine(options.engine):
        print("bench/verified: SKIPPED, no docker, podman or buildah answers here: nothing was verified", file=sys.stderr)
        return NO_ENGINE
    missing = [name for name in options.names if not (PROJECTS / name / "Dockerfile").is_file()]
    if missing:
        parser.error(f"there is no project {', '.join(missing)} in {PROJECTS}")
    trials = list(_trials(options.names or projects()))
    rows = _run(trials, known, options.engine, options.time_box)
    if options.record:
        measured = {_key(row): row for row in [*known, *rows]}
        kept = sorted((row for row in measured.values() if row["project"] in projects()), key=_key)
        RESULTS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        PAGE.write_text(page(kept), encoding="utf-8")
    return _status(rows, len(trials))


def projects() -> list[str]:
    return sorted(path.parent.name for path in PROJECTS.glob("*/Dockerfile"))


def read() -> list[Row]:
    """What was measured before."""
    return json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else []


def _trials(names: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Projects, and whether with their unsafe fixes."""
    for name in names:
        yield name, False
        if name.startswith(UNSAFE):
            yield name, True


def _key(row: Row) -> tuple[str, bool]:
    return row["project"], row["unsafe"]


def _has_engine(name: str | None) -> bool:
    from dockerlint.fixers.verify.base import EngineError
    from dockerlint.fixers.verify.engines import find

    try:
        find(name)
    except EngineError as error:
        print(f"bench/verified: {error}", file=sys.stderr)
        return False
    return True


def _run(trials: list[tuple[str, bool]], known: list[Row], engine: str | None, box: float | None) -> list[Row]:
    took = {_key(row): row["took"] for row in known}
    start = time.monotonic()
    if box is not None:
        trials.sort(key=lambda trial: took.get(trial, GUESS))
    rows = []
    for name, unsafe in trials:
        if box is not None and time.monotonic() - start + took.get((name, unsafe), GUESS) > box:
            break
        row = _verify(name, unsafe, engine)
        rows.append(row)
        print(f"{_title(row):<36} {row['verdict']:<8} {row['took']:6.1f} s", flush=True)
    return rows


def _verify(name: str, unsafe: bool, engine: str | None) -> Row:
    command = [*DLINT, "verify", "--format", "json", "--network", "host", "--timeout", "600"]
    command += ["--unsafe-fixes"] if unsafe else []
    command += ["--engine", engine] if engine else []
    start = time.monotonic()
    process = subprocess.Popen([*command, str(PROJECTS / name)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        out, errors = process.communicate()
    except KeyboardInterrupt:
        # it has to clean up first
        process.terminate()
        process.wait()
        raise
    row: Row = {"project": name, "unsafe": unsafe, "took": round(time.monotonic() - start, 1)}
    row |= {"date": datetime.now(UTC).date().isoformat(), "status": process.returncode}
    if process.returncode not in (0, 1):
        print(errors, file=sys.stderr)
        return row | {"verdict": "failed"}
    return row | _figures(json.loads(out))


def _figures(proof: dict[str, Any]) -> Row:
    """What of a proof is kept."""
    row = {"verdict": proof["verdict"], "fixes": sorted({item["code"] for item in proof["fixes"]})}
    if proof["verdict"] == "nothing":
        return row
    found = proof["files"]["differences"]
    causes = {cause: sum(item["cause"] == cause for item in found) for cause in ("fixes", "noise", "unexplained")}
    return row | {
        "engine": f"{proof['engine']['name']} {proof['engine']['version']}",
        "differences": causes,
        "unexplained": [item["path"] for item in found if item["cause"] == "unexplained"][:5],
        "settings": [item["name"] for item in proof["configuration"] if item["cause"] == "unexplained"],
        "bytes": [proof["image_bytes"]["before"], proof["image_bytes"]["after"]],
        # the base image is the first layer: what it weighs is not of the project's making
        "base": proof["layers"]["before"][0]["bytes"],
        "cold": [_rounded(proof["seconds"]["cold"][side]) for side in ("before", "after")],
        "rebuild": [_rounded(proof["seconds"]["rebuild"][side]) for side in ("before", "after")],
        "broken": proof["broken"],
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 2)


def _status(rows: list[Row], wanted: int) -> int:
    if len(rows) < wanted:
        print(f"time is up: {len(rows)} of {wanted} were verified")
    changed = [row for row in rows if row["status"] == 1 and not row["unsafe"]]
    failed = [row for row in rows if row["verdict"] == "failed"]
    for row in changed:
        print(f"{_title(row)}: {row['verdict']}: {row.get('broken') or row.get('unexplained')} {row.get('settings')}", file=sys.stderr)
    for row in failed:
        print(f"{_title(row)}: could not be verified", file=sys.stderr)
    print(summary(rows))
    return 1 if changed else 2 if failed else 0


def _title(row: Row) -> str:
    return f"{row['project']}{' (unsafe)' if row['unsafe'] else ''}"


# ------------------------------------------------------------ what it comes to


def summary(rows: list[Row]) -> str:
    """The figures over all rows, a sentence each."""
    safe = [row for row in rows if not row["unsafe"] and row["verdict"] in ("same", "changed", "broken")]
    same = sum(row["verdict"] == "same" for row in safe)
    lines = [f"- Safe fixes: in {same} of {len(safe)} projects with one, nothing changed but what the fixes are about."]
    order = [row for row in safe if ORDER & set(row["fixes"]) and _has_times(row)]
    lines += _median("Rebuild after a source edit where a fix of the order applied", order, "rebuild")
    stages = [row for row in rows if row["unsafe"] and STAGES & set(row.get("fixes", ())) and row.get("bytes", [0, None])[1]]
    lines += _median("Image size where a multi-stage fix applied", stages, "bytes")
    if broken := [row["project"] for row in rows if row["unsafe"] and row["verdict"] == "broken"]:
        lines.append(f"- Unsafe fixes that broke the build, and are in none of these figures: {', '.join(broken)}.")
    return "\n".join(lines)


def _has_times(row: Row) -> bool:
    before, after = row.get("rebuild", (None, None))
    return before is not None and after is not None


def _median(what: str, rows: list[Row], key: str) -> list[str]:
    if not rows:
        return [f"- {what}: no project has one."]
    falls = sorted((row[key][0] - row[key][1]) / row[key][0] * 100 for row in rows)
    middle, least, most = (f"{-fall:+.0f} %" for fall in (statistics.median(falls), falls[0], falls[-1]))
    return [f"- {what}: {middle} in the median of {len(rows)} (from {least} to {most})."]


def page(rows: list[Row]) -> str:
    """docs/verified.md."""
    dates = sorted({row["date"] for row in rows})
    engines = sorted({row["engine"] for row in rows if row.get("engine")})
    period = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    lines = [
        "# Fixes held against real builds",
        "",
        "Made by `bench/verified.py --record`; do not edit. Each project of [bench/verified](../bench/verified) is built before and",
        "after its fixes, as [dlint verify](verify.md) does it, and built again after an edit of one source file.",
        "",
        f"Measured {period} with {', '.join(engines)}. {BASES}",
        "the whole image with its base. One run a cell on a busy machine, so that differences of a second or two are chance.",
        "",
        summary(rows),
        "",
        "| project | fixes | files | configuration | size, MB | cold, s | rebuild, s |",
        "|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*lines, *(_cells(row) for row in rows)]) + "\n"


def _cells(row: Row) -> str:
    fixes = " ".join(row.get("fixes", ())) or "none"
    if "bytes" not in row:
        return f"| {_title(row)} | {fixes} | {row['verdict']} | | | | |"
    causes = row["differences"]
    files = "broken" if row["verdict"] == "broken" else "same" if not causes["unexplained"] else f"{causes['unexplained']} differ"
    files += f", {causes['fixes']} meant" if causes["fixes"] else ""
    settings = ", ".join(row["settings"]) or "same"
    size = _arrow([value and value / 1e6 for value in row["bytes"]])
    return f"| {_title(row)} | {fixes} | {files} | {settings} | {size} | {_arrow(row['cold'])} | {_arrow(row['rebuild'])} |"


def _arrow(pair: Sequence[float | None]) -> str:
    before, after = pair
    return "" if before is None or after is None else f"{before:.1f} -> {after:.1f}"


if __name__ == "__main__":
    sys.exit(main())
