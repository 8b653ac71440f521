"""What our own walk over Lark's tables saves of a run, held against Lark's own ways to keep a grammar.

    python bench/grammar.py [--rounds 20]

Each way is a process of its own that makes a parser ready and parses six instructions: with tables kept by dlint
(lint/syntax/lalr.py), with `Lark.load` of what `Lark.save` wrote, with the module that `lark.tools.standalone` writes, and with
Lark from the grammar. Prints the least and the median of the processor's milliseconds, less those of Python alone.
"""

from __future__ import annotations

import argparse
import io
import statistics
import subprocess
import sys
from contextlib import redirect_stdout
from importlib import import_module
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from tempfile import TemporaryDirectory
from typing import Any

TEXTS = ["FROM python:3.11", "WORKDIR /app", "COPY . .", "RUN make -j4 && make install", "ENV A=b C=d", 'CMD ["python", "app.py"]']
OURS = """
from dockerlint.lint.syntax import grammar
from dockerlint.lint.syntax.lalr import Parser
class Builder:
    def __getattr__(self, name):
        return lambda children: children
parser = Parser(grammar.tables("\\\\"), Builder())
for text in {texts!r}:
    parser.parse(text)
"""
SAVED = """
from lark import Lark
with open({file!r}, "rb") as file:
    parser = Lark.load(file)
for text in {texts!r}:
    parser.parse(text, start="instruction")
"""
STANDALONE = """
import sys
sys.path.insert(0, {folder!r})
from standalone import Lark_StandAlone
parser = Lark_StandAlone()
for text in {texts!r}:
    parser.parse(text, start="instruction")
"""
FROM_GRAMMAR = """
from dockerlint.lint.syntax.grammar import lark_of
parser = lark_of("\\\\")
for text in {texts!r}:
    parser.parse(text, start="instruction")
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        saved = Path(folder, "saved")
        keep(saved, Path(folder, "standalone.py"))
        values = {"texts": TEXTS, "file": str(saved), "folder": folder}
        ways = {
            "Python alone": "pass",
            "ours": OURS.format(**values),
            "Lark.load": SAVED.format(**values),
            "lark.tools.standalone": STANDALONE.format(**values),
            "Lark from the grammar": FROM_GRAMMAR.format(**values),
        }
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(options.rounds):
            for name, program in ways.items():
                taken[name].append(milliseconds(program))
    alone = taken.pop("Python alone")
    print(f"Python alone: least {min(alone):.0f} ms, median {statistics.median(alone):.0f} ms")
    for name, found in taken.items():
        print(f"{name}: least {min(found) - min(alone):.1f} ms, median {statistics.median(found) - statistics.median(alone):.1f} ms")


def keep(saved: Path, standalone: Path) -> None:
    """Have Lark keep the grammar in its two ways."""
    from dockerlint.lint.syntax.grammar import lark_of

    lark = lark_of("\\")
    with saved.open("wb") as file:
        lark.save(file)
    text = io.StringIO()
    with redirect_stdout(text):
        standalone_module: Any = import_module("lark.tools.standalone")
        standalone_module.gen_standalone(lark, out=text)
    standalone.write_text(text.getvalue(), encoding="utf-8")


def milliseconds(program: str) -> float:
    """The processor's milliseconds that a Python process takes for a program."""
    before = getrusage(RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", program], check=True, stdin=subprocess.DEVNULL)
    after = getrusage(RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


if __name__ == "__main__":
    main()
