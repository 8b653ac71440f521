"""Whether a change of the code changes what dlint says: all findings and all fixes of a corpus, byte for byte.

    python bench/unchanged.py CORPUS.jsonl[.gz] FOLDER [--dlint CMD] [--against FOLDER]

Writes into FOLDER the findings of all rules as JSON, and the diffs and reports of the safe and of all fixes. With --against it holds them
against those that an earlier version wrote, and exits 1 when a byte differs. Run it with each of two installations:

    python bench/unchanged.py corpus.jsonl before --dlint ../old/.venv/bin/dlint
    python bench/unchanged.py corpus.jsonl after --against before
"""

from __future__ import annotations

import argparse
import hashlib
import shlex
import shutil
import subprocess
import sys
from difflib import unified_diff
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from corpus import texts_of

COMMON = ("--no-config", "--no-cache", "--exit-zero", "--shellcheck", "off")
RUNS = {
    "findings.json": ("--preset", "all", "--format", "json"),
    "safe.diff": ("--diff",),
    "unsafe.diff": ("--diff", "--unsafe-fixes"),
}
# Lines of a difference that are shown.
MOST_SHOWN = 40


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dlint", default="dlint", help="the command, default: dlint on PATH")
    parser.add_argument("--against", type=Path, help="a folder that an earlier run wrote")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    program, *words_of_program = shlex.split(options.dlint)
    program = shutil.which(program) or program
    texts = texts_of(options.corpus)
    with TemporaryDirectory() as top:
        lay_out(texts, Path(top))
        for name, words in RUNS.items():
            command = [str(Path(program).absolute()), *words_of_program, "check", *COMMON, *words, "."]
            done = subprocess.run(command, cwd=top, capture_output=True, stdin=subprocess.DEVNULL, check=True)
            said = done.stdout + done.stderr
            (options.folder / name).write_bytes(said)
            print(f"{name}: {len(said)} bytes, sha256 {hashlib.sha256(said).hexdigest()}")
    return differences(options.against, options.folder) if options.against else 0


def lay_out(texts: list[str], top: Path) -> None:
    """One folder a file: files beside one another would be one build context."""
    for number, text in enumerate(texts):
        folder = top / f"{number:04}"
        folder.mkdir()
        (folder / "Dockerfile").write_bytes(text.encode("utf-8", "surrogateescape"))


def differences(before: Path, after: Path) -> int:
    """Show where the files of two folders differ; 1 when they do."""
    status = 0
    for name in RUNS:
        old, new = ((folder / name).read_bytes() for folder in (before, after))
        if old == new:
            print(f"{name}: the same")
            continue
        status = 1
        one, other = (data.decode("utf-8", "replace").splitlines() for data in (old, new))
        lines = unified_diff(one, other, "before", "after", n=2, lineterm="")
        print(f"{name}: differs", *islice(lines, MOST_SHOWN), sep="\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
