"""Make the table of npm's and Python's packages that the cost model reads.

    python bench/make_registry.py npm
    python bench/make_registry.py pip

Installs what `bench/registry/package.json` or `bench/registry/requirements.txt` names (packages that many projects use, in
their newest versions) with npm or pip into a temporary folder, without running scripts of the packages, and measures each package
that came. The answer is a gzip file of text: one comment line that says what was installed and when, then one line a
package, sorted by name, fields parted by tabs:

    name  installed bytes  downloaded bytes  names of the packages that it needs, parted by spaces

Installed bytes are those of the files, of a Python package with its bytecode; sizes have three digits. What is downloaded is
known of Python's packages only, 0 stands for not known.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement

if TYPE_CHECKING:
    from collections.abc import Iterable

HERE = Path(__file__).parent
DATA = HERE.parent / "fixers" / "cost" / "data"


@dataclass(frozen=True, slots=True)
class Row:
    """A package: bytes, and what it needs."""

    installed: int
    download: int
    needs: tuple[str, ...]

    def line(self, name: str) -> str:
        """As it stands in the table."""
        return f"{name}\t{rounded(self.installed)}\t{rounded(self.download)}\t{' '.join(self.needs)}".rstrip("\t")


def rounded(number: int) -> int:
    """With three digits."""
    return round(number, min(0, 3 - len(str(number))))


def size(folder: Path) -> int:
    """Bytes of the files below a folder, packages within it left out."""
    total = 0
    queue = [folder]
    while queue:
        for path in queue.pop().iterdir():
            if path.is_symlink() or path.name == "node_modules":
                continue
            if path.is_dir():
                queue.append(path)
            else:
                total += path.stat().st_size
    return total


def npm(top: Path) -> dict[str, Row]:
    """The packages of the npm registry."""
    shutil.copy(HERE / "registry" / "package.json", top)
    words = ["npm", "install", "--ignore-scripts", "--legacy-peer-deps", "--no-audit", "--no-fund", "--silent"]
    subprocess.run(words, check=True, cwd=top)
    installed: dict[str, Any] = json.loads((top / "node_modules" / ".package-lock.json").read_text())["packages"]
    rows: dict[str, Row] = {}
    for path, entry in sorted(installed.items(), key=lambda item: item[0].count("node_modules/")):
        name = path.rpartition("node_modules/")[2]
        if name in rows or entry.get("link") or not (top / path).is_dir():
            continue
        needs = {**entry.get("dependencies", {}), **entry.get("optionalDependencies", {})}
        there = [need for need in needs if _is_there(path, need, installed)]
        rows[name] = Row(size(top / path), 0, tuple(sorted(there)))
    return rows


def _is_there(path: str, need: str, installed: dict[str, Any]) -> bool:
    """Whether a package finds another one, as Node looks for it; binaries for other machines are not there."""
    while True:
        if f"{path}/node_modules/{need}".lstrip("/") in installed:
            return True
        if not path:
            return False
        path = path.rpartition("node_modules/")[0].rstrip("/")


def pip(top: Path) -> dict[str, Row]:
    """The packages of the Python index, for the Python that runs this; each in its newest version, whatever others ask for."""
    names = (HERE / "registry" / "requirements.txt").read_text(encoding="utf-8").split()
    wheels, site = top / "wheels", top / "site"
    wheels.mkdir()
    asked: set[str] = set()
    while fresh := {_normal(name) for name in names} - asked:
        _download(sorted(fresh), wheels)
        asked |= fresh
        names = [need for path in wheels.iterdir() for need in _needs(_requirements(path))]
    files = {_normal(path.name.split("-")[0]): path.stat().st_size for path in wheels.iterdir()}
    words = ["install", "-q", "--no-index", "--no-deps", "--target", str(site), *map(str, wheels.iterdir())]
    subprocess.run([sys.executable, "-m", "pip", *words], check=True, stderr=subprocess.DEVNULL)
    found = {_normal(item.metadata["Name"]): item for item in distributions(path=[str(site)])}
    return {
        name: Row(_installed(item), files.get(name, 0), tuple(sorted(set(_needs(item.requires or ())) & found.keys())))
        for name, item in found.items()
    }


def _installed(item: Distribution) -> int:
    """Bytes of a package's files, and of the bytecode that pip makes of them and does not always list."""
    paths = {Path(str(item.locate_file(file))).resolve() for file in item.files or ()}
    paths |= {
        made
        for path in paths
        if path.suffix == ".py"
        for made in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc")
    }
    return sum(path.stat().st_size for path in paths if path.is_file())


def _download(names: list[str], wheels: Path) -> None:
    """Downloads wheels; what has none is left out, as it would have to be built."""
    words = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "-d", str(wheels)]
    if subprocess.run([*words, *names], check=False, stderr=subprocess.DEVNULL).returncode and len(names) > 1:
        middle = len(names) // 2
        _download(names[:middle], wheels)
        _download(names[middle:], wheels)


def _requirements(path: Path) -> list[str]:
    """What a wheel's metadata says that it needs."""
    with zipfile.ZipFile(path) as wheel:
        name = next(name for name in wheel.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name))
        return message_from_bytes(wheel.read(name)).get_all("Requires-Dist") or []


def _needs(wanted: Iterable[str]) -> list[str]:
    """The names of what is needed here whatever is asked for: extras are left out."""
    found = [Requirement(text) for text in wanted]
    return [_normal(item.name) for item in found if item.marker is None or item.marker.evaluate({"extra": ""})]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("registry", choices=["npm", "pip"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as top:
        rows = {"npm": npm, "pip": pip}[options.registry](Path(top))
    date = datetime.now(UTC).date().isoformat()
    lines = [f"# installed with {options.registry} on linux/amd64, {date}; made by bench/make_registry.py"]
    lines += [row.line(name) for name, row in sorted(rows.items())]
    out = DATA / f"registry-{options.registry}.tsv.gz"
    out.write_bytes(gzip.compress("\n".join(lines).encode() + b"\n", 9, mtime=0))
    print(f"{out}: {len(rows)} packages, {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
