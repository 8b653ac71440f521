"""What differs in two builds of one file, before and after the fixes of the rules about it.

    eval "$(engine.sh env)"; python bench/reproducible.py [--record]

Each case is built twice without a cache by the `docker` that answers, as it is and as `dlint --select CODE --fix --unsafe-fixes` leaves
it, and the two images are held against each other: path, type, mode, owner and content of each file. Exits with 1 when two
builds of a fixed file differ, or those of a file as it is do not. --record writes reproducible.md.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from dockerlint import fix

HERE = Path(__file__).parent
CASES = {
    "DF509": "FROM debian:bookworm-slim\nRUN apt-get update && apt-get install -y --no-install-recommends gzip less && rm -rf /var/lib/apt/lists/*\n",
    "DF510": "FROM debian:bookworm-slim\nRUN mkdir /s && touch /s/b /s/a && tar cf /s.tar /s && tar -czf /t.tgz /s && tar -C / -cf /u.tar s && gzip -k /s/a\n",
    "DF511": "FROM debian:bookworm-slim\nRUN apt-get update && apt-get install -y --no-install-recommends openssh-server && rm -rf /var/lib/apt/lists/* /var/log/* /var/cache/ldconfig/*\n",
    "DF512": "FROM python:3.11-slim\nRUN pip install --no-cache-dir idna==3.10\n",
}
MOST_NAMED = 5


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    rows = ["| rule | differ as it is | differ when fixed |", "|---|---|---|"]
    is_right = True
    for code, text in CASES.items():
        before, after = differing(text), differing(fix(text, select=[code], unsafe=True).text)
        is_right &= bool(before) and not after
        rows.append(f"| {code} | {named(before)} | {named(after)} |")
        print(rows[-1], flush=True)
    if options.record:
        head = "What differs in two builds without a cache, before and after the fix of a rule (`bench/reproducible.py`)."
        (HERE / "reproducible.md").write_text("\n".join([head, "", *rows, ""]), encoding="utf-8")
    return not is_right


def differing(text: str) -> list[str]:
    """The files in which two builds differ, sorted."""
    one, other = files(text), files(text)
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def files(text: str) -> dict[str, tuple[object, ...]]:
    """Each file of the image that a Dockerfile without a context makes, with all that may differ."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "Dockerfile").write_text(text, encoding="utf-8")
        image = said("docker", "build", "--no-cache", "--network=host", "-q", folder).decode().strip()
    container = said("docker", "create", image, "none").decode().strip()
    try:
        exported = said("docker", "export", container)
    finally:
        said("docker", "rm", container)
    with tarfile.open(fileobj=io.BytesIO(exported)) as archive:
        return {item.name: (item.type, item.mode, item.uid, item.gid, item.linkname, content(archive, item)) for item in archive}


def content(archive: tarfile.TarFile, item: tarfile.TarInfo) -> str:
    file = archive.extractfile(item) if item.isreg() else None
    return hashlib.sha256(file.read()).hexdigest() if file else ""


def named(names: list[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(f"`/{name}`" for name in names[:MOST_NAMED]) + more or "nothing"


def said(*words: str) -> bytes:
    return subprocess.run(words, check=True, capture_output=True).stdout


if __name__ == "__main__":
    sys.exit(main())
