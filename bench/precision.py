"""Draws findings of real Dockerfiles to be judged by hand, and counts the judgements.

`python bench/precision.py draw CORPUS.jsonl.gz --seed 1` prints 200 findings of the default settings as a table with an empty column
for each judge, and the lines that they are about; `python bench/precision.py count bench/precision.md` counts what was written there.
The corpus is lines of JSON with `id`, `path` and `text`.
"""

from __future__ import annotations

import gzip
import json
import random
import re
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.engine.checker import check
from dockerlint.lint.engine.registry import rules
from dockerlint.lint.syntax.parser import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

ROW = re.compile(r"^\| (?P<place>[^|]+) \| (?P<code>\w+) \| (?P<judges>(?:right|arguable|wrong) \| (?:right|arguable|wrong)) \|", re.MULTILINE)
HEAD = re.compile(r"^## (.+)$", re.MULTILINE)
LONGEST = 120


@click.group()
def main() -> None:
    """Draw findings, or count how they were judged."""


@main.command()
@click.argument("corpus", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--seed", type=int, default=1)
@click.option("--number", type=int, default=200)
def draw(corpus: Path, seed: int, number: int) -> None:
    """Print findings drawn at random."""
    found = sorted(_findings(corpus))
    for row in sorted(random.Random(seed).sample(found, min(number, len(found))), key=lambda row: (row[1], row[0])):  # noqa: S311
        place, code, message, lines = row
        click.echo(f"| {place} | {code} |  |  | {message} | `{lines}` |".replace("\n", " "))


def _findings(corpus: Path) -> Iterator[tuple[str, str, str, str]]:
    """Place, code, message and line of each finding; ShellCheck's own are not ours to judge."""
    active = tuple(rule for rule in rules() if rule.recommended and not rule.code.startswith("SC"))
    with gzip.open(corpus, "rt", encoding="utf-8") as file:
        for item in map(json.loads, file):
            doc = parse(item["text"])
            for finding in check(doc, Facts(doc), active):
                line = doc.line(finding.span.start)
                text = " ".join(doc.source(doc.line_span(line)).split())
                yield f"{item['id']}:{line}", finding.code, _cell(finding.message), _cell(text)[:LONGEST]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def count(file: Path) -> None:
    """Count the judgements of each draw: a finding is as good as the worse of its two judges says."""
    parts = HEAD.split(file.read_text(encoding="utf-8"))
    for name, text in zip(parts[1::2], parts[2::2], strict=True):
        worst = Counter(_worst(match["judges"]) for match in ROW.finditer(text))
        if total := worst.total():
            shares = ", ".join(f"{worst[verdict]} {verdict}" for verdict in ("right", "arguable", "wrong"))
            click.echo(f"{name}: {shares} of {total}, {worst['right'] / total:.0%} right")


def _worst(judges: str) -> str:
    return max(judges.split(" | "), key=("right", "arguable", "wrong").index)


if __name__ == "__main__":
    sys.exit(main())
