"""How long the language server takes for findings after an edit: a file of 300 lines, edited in many places.

    python bench/lsp.py [--edits 50] [--lines 300] [--json FILE]

The file is made of those in bench/verified, one after another. Each edit adds a letter to a comment behind another line or
to a word of an instruction, and then asks for all diagnostics of the new text, as the server does after each pause in typing.
Prints milliseconds of processor time: median, 90th percentile and worst.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import tempfile
import time
from pathlib import Path

from lsprotocol.types import Range, TextDocumentContentChangePartial

from dockerlint.lint.cli.lsp.diagnostics import diagnostics
from dockerlint.lint.cli.lsp.documents import Document
from dockerlint.lint.cli.lsp.file_setup import FileView, Setup
from dockerlint.lint.cli.lsp.positions import Positions

HERE = Path(__file__).parent
FILES = sorted((HERE / "verified").rglob("Dockerfile"))


def text_of(lines: int) -> str:
    """Whole files until there are so many lines, then cut at that."""
    every = "".join(path.read_text(encoding="utf-8").rstrip() + "\n\n" for path in FILES)
    return "".join((every * (lines // every.count("\n") + 1)).splitlines(keepends=True)[:lines])


def edited(document: Document, number: int) -> Document:
    """The next version: a letter more at the end of the keyword line of an instruction."""
    nodes = document.doc.instructions
    place = document.places.position(nodes[number * 7 % len(nodes)].span.end)
    change = TextDocumentContentChangePartial(Range(place, place), "x")
    return document.edited([change], number)


def times(lines: int, edits: int) -> list[float]:
    """Milliseconds of processor time an edit."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "Dockerfile"
        setup = Setup(path)
        document = Document(path.as_uri(), 0, Positions(text_of(lines)))
        diagnostics(FileView(document, setup))
        # as the server does
        gc.freeze()
        taken = []
        for number in range(edits):
            start = time.process_time()
            document = edited(document, number)
            diagnostics(FileView(document, setup))
            taken.append((time.process_time() - start) * 1000)
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description="Time of the language server's findings after an edit.")
    parser.add_argument("--edits", type=int, default=50)
    parser.add_argument("--lines", type=int, default=300)
    parser.add_argument("--json", type=Path, help="write the figures to a file")
    options = parser.parse_args()
    taken = sorted(times(options.lines, options.edits))
    figures = {
        "lines": options.lines,
        "edits": options.edits,
        "median_ms": round(statistics.median(taken), 1),
        "p90_ms": round(taken[int(len(taken) * 0.9)], 1),
        "worst_ms": round(taken[-1], 1),
    }
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(", ".join(f"{name} {value}" for name, value in figures.items()))


if __name__ == "__main__":
    main()
