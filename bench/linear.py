"""Time of parsing and of the shell's tree against size: every shape of input must grow linearly.

    python bench/linear.py [--plot bench/linear.svg]

Prints, for each shape, the seconds for each size and the exponent of the growth (1.0 is linear); exits with 1 when an
exponent is above 1.25.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from dockerlint.lint.shell.script import script
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.parser import parse

if TYPE_CHECKING:
    from collections.abc import Callable

MEGABYTE = 1_000_000
SIZES = (625_000, 1_250_000, 2_500_000, 5_000_000, 10_000_000)
STEEPEST = 1.25


def repeated(unit: str, before: str = "FROM a\n", after: str = "\n") -> Callable[[int], str]:
    return lambda size: before + unit * (size // len(unit)) + after


SHAPES: dict[str, Callable[[int], str]] = {
    "RUN lines": repeated("RUN apt-get update && apt-get install -y curl\n"),
    "short instructions": repeated("USER a\n"),
    "one RUN of many lines": repeated(" \\\n  && echo one two", "FROM a\nRUN true"),
    "comments between lines": repeated(" \\\n# why\n\n  x", "FROM a\nRUN echo"),
    "one long line": repeated("echo a; ", "FROM a\nRUN "),
    "a heredoc": repeated("echo one two three\n", "FROM a\nRUN <<EOF\n", "EOF\n"),
    "a COPY of many words": repeated("path/to/file ", "FROM a\nCOPY ", "/x/\n"),
    "an ENV of many pairs": repeated('KEY="some value" ', "FROM a\nENV "),
    "a list in exec form": repeated('"word", ', "FROM a\nCMD [", '"x"]\n'),
    "a list that never ends": repeated('"word", ', "FROM a\nCMD ["),
    "quotes that never end": repeated("\"'", "FROM a\nENV a=b"),
    "backslashes": repeated("\\", "FROM a\nRUN echo "),
    "escaped quotes": repeated('\\"', "FROM a\nLABEL a="),
    "flags": repeated("--mount=type=cache,target=/x ", "FROM a\nRUN ", "true\n"),
    "braces nested": lambda size: "FROM a\nRUN " + "{ " * (size // 8) + "a;" + " }" * (size // 8) + "\n",
    "substitutions nested": lambda size: "FROM a\nRUN echo " + "$(echo " * (size // 16) + ")" * (size // 16) + "\n",
}


def seconds(text: str) -> float:
    start = time.perf_counter()
    doc = parse(text)
    for node in doc.instructions:
        if isinstance(node, nodes.Run):
            script(doc, node)
    return time.perf_counter() - start


def exponent(sizes: tuple[int, ...], times: list[float]) -> float:
    """The slope of the line through the points in logarithms."""
    xs, ys = [math.log(size) for size in sizes], [math.log(max(value, 1e-6)) for value in times]
    x0, y0 = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((x - x0) * (y - y0) for x, y in zip(xs, ys, strict=True)) / sum((x - x0) ** 2 for x in xs)


def plot(rows: dict[str, list[float]]) -> str:
    """The times against the sizes as an SVG picture, one line a shape."""
    width, height, margin = 760, 420, 50
    most = max(max(times) for times in rows.values())
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" font-size="11">',
        f'<path d="M{margin} {margin / 2} V{height - margin} H{width - 230}" fill="none" stroke="#888"/>',
        f'<text x="{margin}" y="{height - 15}">size, up to {SIZES[-1] // MEGABYTE} MB</text>',
        f'<text x="5" y="{margin / 2}">seconds, up to {most:.1f}</text>',
    ]
    for index, (name, times) in enumerate(rows.items()):
        colour = f"hsl({index * 360 // len(rows)},70%,40%)"
        points = " ".join(
            f"{margin + size / SIZES[-1] * (width - 230 - margin):.1f},{height - margin - value / most * (height - 1.5 * margin):.1f}"
            for size, value in zip(SIZES, times, strict=True)
        )
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        parts.append(f'<text x="{width - 220}" y="{30 + 20 * index}" fill="{colour}">{name}: {times[-1]:.2f} s</text>')
    return "\n".join([*parts, "</svg>", ""])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    seconds("FROM a\nRUN b\n")
    rows: dict[str, list[float]] = {}
    steep = []
    for name, make in SHAPES.items():
        times = [seconds(make(size)) for size in SIZES]
        rows[name] = times
        growth = exponent(SIZES, times)
        print(f"{name:26} {' '.join(f'{value:7.3f}' for value in times)}  exponent {growth:.2f}", flush=True)
        if growth > STEEPEST and times[-1] > 0.5:
            steep.append(name)
    if options.plot:
        options.plot.write_text(plot(rows), encoding="utf8")
    if steep:
        print("steeper than linear:", ", ".join(steep))
    return 1 if steep else 0


if __name__ == "__main__":
    sys.exit(main())
