"""Time to parse real files and their scripts, on one core.

    python bench/corpus.py CORPUS.jsonl[.gz] [--rounds 5]

CORPUS holds JSON lines with a `text` each. Prints the best and the median round.
"""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
import time
from pathlib import Path
from typing import Any

from dockerlint.lint.shell.script import script
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.parser import parse


def texts_of(corpus: Path) -> list[str]:
    """The texts of a corpus: JSON lines with a `text` each, as they are or with gzip."""
    return [line["text"] for line in lines_of(corpus)]


def lines_of(corpus: Path) -> list[dict[str, Any]]:
    """The lines of a corpus, with `text` and maybe `repo` and `path`."""
    opener = gzip.open if corpus.suffix == ".gz" else open
    with opener(corpus, "rt", encoding="utf8") as lines:
        return [json.loads(line) for line in lines]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    texts = texts_of(options.corpus)
    parse("FROM a\nRUN b\n")
    rounds = []
    for _ in range(options.rounds):
        start = time.perf_counter()
        docs = [parse(text) for text in texts]
        parsed = time.perf_counter()
        scripts = [script(doc, node) for doc in docs for node in doc.instructions if isinstance(node, nodes.Run)]
        rounds.append((parsed - start, time.perf_counter() - parsed))
    totals = [sum(item) for item in rounds]
    instructions = sum(len(doc.instructions) for doc in docs)
    print(f"{len(texts)} files, {instructions} instructions, {len(scripts)} scripts")
    print(
        f"parse {min(item[0] for item in rounds):.3f} s, scripts {min(item[1] for item in rounds):.3f} s (best of {options.rounds})"
    )
    print(f"both: best {min(totals):.3f} s, median {statistics.median(totals):.3f} s")


if __name__ == "__main__":
    main()
