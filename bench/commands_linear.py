"""Time of whole commands against size: every shape of file must take time in proportion, comments and blank lines included.

    python bench/commands_linear.py [--shape SHAPE] [--command COMMAND] [--lines 1000]

For files of so many lines of one shape, twice as many and four times as many, it prints the seconds of the processor that each
command takes and the exponent of the growth (1.0 is linear); exits with 1 when one is above STEEPEST and takes over LONG.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

from linear import exponent

from dockerlint.lint.cli import main as dlint

if TYPE_CHECKING:
    from collections.abc import Callable

STEEPEST, LONG = 1.35, 1.5
TIMES = (1, 2, 4)


def repeated(unit: str, before: str = "FROM debian:12\n", after: str = "") -> Callable[[int], str]:
    return lambda lines: before + unit * lines + after


SHAPES: dict[str, Callable[[int], str]] = {
    "useless ignores": repeated("# dlint ignore=DL3000\n", after="RUN true\n"),
    "useless ignores over instructions": repeated("# dlint ignore=DL3000\nWORKDIR /a\n"),
    "comments": repeated("# why not\n", after="WORKDIR a\n"),
    "tasks in comments": repeated("# TODO: this\n", after="WORKDIR a\n"),
    "blank lines": repeated("\n", after="WORKDIR a\n"),
    "blanks at line ends": repeated("  \t\n", after="WORKDIR a\n"),
    "comments within a RUN": repeated(" \\\n# why", "FROM debian:12\nRUN echo a", "\n"),
    "one RUN of many commands": repeated(" \\\n  && cd /tmp && sudo curl -k http://e.org/a", "FROM debian:12\nRUN true", "\n"),
    "one RUN of many packages": repeated(" \\\n    curl", "FROM debian:12\nRUN apt-get install -y", "\n"),
    "RUNs with something to mend": repeated("RUN apt-get update && apt-get install curl\n"),
    "relative WORKDIRs": repeated("WORKDIR old\n"),
    "variables": lambda lines: "FROM debian:12\n" + "".join(f"ENV A{at} $A{at - 1}b\n" for at in range(lines)),
    "labels": repeated("LABEL a=b \\\n", after=" c=d\n"),
    "stages": lambda lines: "".join(f"FROM debian AS S{at}\nADD a /b\n" for at in range(lines // 2)),
    "a heredoc": repeated("apt-get install curl\n", "FROM debian:12\nRUN <<EOF\n", "EOF\n"),
    "what is no Dockerfile": repeated("{ key: [value], }\n", ""),
}
COMMANDS: dict[str, list[str]] = {
    "check": ["check", "--preset", "all"],
    "check --diff": ["check", "--diff", "--unsafe-fixes", "--preset", "all"],
    "check --format sarif": ["check", "--preset", "all", "--no-savings", "--format", "sarif"],
    "cost": ["cost"],
    "ast": ["ast"],
    "ast --format buildkit": ["ast", "--format", "buildkit"],
}


def seconds(words: list[str], text: str) -> float:
    """What a command takes for a file of that text."""
    with tempfile.TemporaryDirectory(prefix="dlint-linear-") as folder:
        path = Path(folder, "Dockerfile")
        path.write_text(text, encoding="utf8")
        more = ["--no-cache", "--shellcheck", "off"] if words[0] == "check" else []
        nowhere = io.TextIOWrapper(io.BytesIO(), encoding="utf8")
        start = time.process_time()
        with redirect_stdout(nowhere), redirect_stderr(nowhere):
            status = dlint([*words, *more, str(path)])
        took = time.process_time() - start
        assert status != 3, f"{words} has a bug"
        return took


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", action="append", choices=SHAPES)
    parser.add_argument("--command", action="append", choices=COMMANDS)
    parser.add_argument("--lines", type=int, default=1000)
    options = parser.parse_args()
    sizes = tuple(options.lines * times for times in TIMES)
    steep = []
    for command in options.command or COMMANDS:
        seconds(COMMANDS[command], "FROM a\nRUN b\n")
        for shape in options.shape or SHAPES:
            times = [seconds(COMMANDS[command], SHAPES[shape](size)) for size in sizes]
            growth = exponent(sizes, times)
            print(f"{command:22} {shape:34} {' '.join(f'{value:7.3f}' for value in times)}  exponent {growth:.2f}", flush=True)
            if growth > STEEPEST and times[-1] > LONG:
                steep.append(f"{command}: {shape}")
    if steep:
        print("steeper than linear:", "; ".join(steep))
    return 1 if steep else 0


if __name__ == "__main__":
    sys.exit(main())
