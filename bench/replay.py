"""Time of `dlint cost --replay` on a made repository: 20,000 files, 600 commits.

    python bench/replay.py [--files 20000] [--commits 600] [--runs 5] [--keep FOLDER]

The repository comes from a fixed seed, so that each run measures the same. Prints the best of the runs of whole commands,
start-up and all, and of git alone.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SEED = 7
START = 1_700_000_000
DOCKERFILE = """\
FROM node:{version}-slim AS build
WORKDIR /app
COPY . .
RUN npm ci
RUN npm run build

FROM nginx:1.27-alpine
COPY nginx.conf /etc/nginx/conf.d/default.conf
COPY --from=build /app/dist /usr/share/nginx/html
"""
IGNORE = """\
# what the builder does not need
.git
**/node_modules
**/*.md
!README.md
docs
*.log
**/.DS_Store
coverage
.github
.vscode
**/__snapshots__
dist
tmp/*
!tmp/keep
"""
KINDS = (("src", 60), ("docs", 14), ("dependency", 9), ("new", 9), ("gone", 4), ("nginx", 2), ("dockerfile", 2))


def stream(files: int, commits: int) -> Iterator[bytes]:
    """The repository as `git fast-import` reads it."""
    chance = random.Random(SEED)  # noqa: S311
    paths = [f"src/part{number % 401}/unit{number % 17}/file{number}.ts" for number in range(files)]
    yield _commit(0, {path: f"export const n = {number}\n" for number, path in enumerate(paths)} | _first())
    for number in range(1, commits):
        kind = chance.choices([kind for kind, _ in KINDS], [weight for _, weight in KINDS])[0]
        changes: dict[str, str | None] = {}
        match kind:
            case "src":
                changes = dict.fromkeys(chance.sample(paths, chance.choice((1, 1, 2, 3, 8))), f"// {number}\n")
            case "docs":
                changes = {f"docs/page{chance.randrange(90)}.md": f"{number}\n", "CHANGES.md": f"{number}\n"}
            case "dependency":
                changes = {"package.json": _manifest(number), "package-lock.json": f'{{"n": {number}}}\n'}
            case "new":
                paths.append(f"src/part{chance.randrange(420)}/new{number}.ts")
                changes = {paths[-1]: f"// {number}\n"}
            case "gone":
                changes = {paths.pop(chance.randrange(len(paths))): None}
            case "nginx":
                changes = {"nginx.conf": f"# {number}\n"}
            case _:
                changes = {"Dockerfile": DOCKERFILE.format(version=18 + number % 6)}
        yield _commit(number, changes)


def _first() -> dict[str, str]:
    return {
        "Dockerfile": DOCKERFILE.format(version=18),
        ".dockerignore": IGNORE,
        "package.json": _manifest(0),
        "package-lock.json": "{}\n",
        "nginx.conf": "\n",
        "README.md": "a made repository\n",
    }


def _manifest(number: int) -> str:
    return f'{{"name": "made", "version": "1.0.{number}", "dependencies": {{"express": "^4.{number % 20}.0"}}}}\n'


def _commit(number: int, changes: dict[str, str] | dict[str, str | None]) -> bytes:
    lines = [f"commit refs/heads/main\ncommitter A <a@example.org> {START + number * 3600} +0000\ndata 0\n"]
    for path, text in changes.items():
        lines.append(f"D {path}\n" if text is None else f"M 100644 inline {path}\ndata {len(text)}\n{text}\n")
    return "".join(lines).encode()


def make(folder: Path, files: int, commits: int) -> None:
    """Makes the repository with its work tree."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    for words, given in (
        (["init", "-q", "-b", "main"], b""),
        (["fast-import", "--quiet"], b"".join(stream(files, commits))),
        (["checkout", "-q", "-f", "main"], b""),
    ):
        subprocess.run(["git", *words], cwd=folder, env=settings, input=given, check=True)  # noqa: S607


def best(words: Sequence[str], folder: Path, runs: int) -> tuple[float, float]:
    """The shortest time of a command and the least that it takes of a core, git included, in seconds."""
    times, efforts = [], []
    for _ in range(runs):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(words, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        efforts.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times), min(efforts)


def measure(folder: Path, runs: int) -> None:
    dlint = str(Path(sys.executable).with_name("dlint"))
    (folder / "other").write_text(DOCKERFILE.format(version=22), encoding="utf-8")
    log = ["git", "log", "--first-parent", "-m", "--raw", "--no-abbrev", "--no-renames", "-z", "--max-count=500"]
    rows = {
        "git log alone, 500 commits": log,
        "dlint cost": [dlint, "cost", "Dockerfile"],
        "dlint cost --replay 200": [dlint, "cost", "--replay", "200", "Dockerfile"],
        "dlint cost --replay 500": [dlint, "cost", "--replay", "500", "Dockerfile"],
        "dlint cost --replay 500 --compare": [dlint, "cost", "--replay", "500", "Dockerfile", "--compare", "other"],
    }
    for name, words in rows.items():
        seconds, effort = best(words, folder, runs)
        print(f"{name:<36}{seconds:>8.2f} s{effort:>8.2f} s of a core", flush=True)
    shown = subprocess.run([*rows["dlint cost --replay 500"]], cwd=folder, check=True, capture_output=True, text=True)
    print(*shown.stdout.strip().splitlines()[-2:], sep="\n")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--commits", type=int, default=600)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="make it there, or take what an earlier run made")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as spare:
        folder = options.keep or Path(spare) / "made"
        if not (folder / ".git").exists():
            make(folder, options.files, options.commits)
        measure(folder, options.runs)


if __name__ == "__main__":
    main()
