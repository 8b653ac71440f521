"""Mutated real files: parsing must never raise, always end, lose nothing, and print the same text again.

    python bench/mutate.py CORPUS.jsonl[.gz] [--count 50000] [--seed 1]

CORPUS holds JSON lines with a `text` each. Prints each failure and the number of files; exits with 1 when there was one.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
import traceback
from pathlib import Path

from corpus import texts_of

from dockerlint.lint.shell.script import script
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.buildkit_dump import buildkit
from dockerlint.lint.syntax.parser import parse

PIECES = ["\\", "\\\n", "\n", "\r\n", '"', "'", "`", "$", "${", "}", "<<EOF", "<<-'X'", "EOF\n", "#", "[", "]", ",", "&&", "||", ";", "|", "(", ")", "\t", "\x00", "\ufeff", "é", "😀", "\u2028", "--", "=", "ONBUILD ", "RUN ", "FROM ", "# escape=`\n"]  # fmt: skip


def mutate(text: str, dice: random.Random) -> str:
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(text) + 1)
        end = min(len(text), at + dice.choice((0, 0, 1, 3, 20, 200)))
        match dice.randrange(4):
            case 0:
                text = text[:at] + dice.choice(PIECES) + text[end:]
            case 1:
                text = text[:at] + text[end:]
            case 2:
                text = text[:at] + text[at:end] * dice.randint(2, 4) + text[end:]
            case _:
                other = dice.randrange(len(text) + 1)
                text = text[:at] + text[other : other + 50] + text[end:]
    return text


def check(text: str) -> str | None:
    """What is wrong with the tree of a text; None when nothing is."""
    doc = parse(text)
    at = 0
    out = []
    for node in doc.instructions:
        if node.span.start < at:
            return f"{node.name} overlaps the instruction before it"
        out += [text[at : node.span.start], doc.source(node.span)]
        at = node.span.end
        if isinstance(node, nodes.Run) and (found := script(doc, node)):
            for command in found.commands:
                if not node.span.contains(command.span):
                    return f"a command lies outside its RUN: {command}"
    out.append(text[at:])
    if "".join(out) != text:
        return "printing it again gives another text"
    buildkit(doc)
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--count", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    texts = texts_of(options.corpus)
    dice = random.Random(options.seed)  # noqa: S311 - test data
    failures = 0
    start = time.perf_counter()
    for number in range(options.count):
        text = mutate(dice.choice(texts), dice)
        try:
            wrong = check(text)
        except Exception:
            wrong = traceback.format_exc()
        if wrong:
            failures += 1
            print(f"--- file {number}: {wrong}\n{text!r}")
    print(f"{options.count} mutated files, {failures} failures, {time.perf_counter() - start:.0f} s")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
