"""The npm packages: the launcher of integrations/npm, and one package a system that holds the one file."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from project import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

LAUNCHER = ROOT / "integrations" / "npm"


def pack(name: str, version: str, files: Mapping[str, Path], out: Path) -> list[Path]:
    """Packages, packed by npm into `out`: those of `files`, the one file by its target, first, then the launcher."""
    with TemporaryDirectory() as folder:
        made = [_system(name, version, target, file, Path(folder)) for target, file in sorted(files.items())]
        made.append(_launcher(name, version, sorted(files), Path(folder)))
        return [_packed(package, out) for package in made]


def _system(name: str, version: str, target: str, file: Path, folder: Path) -> Path:
    package = folder / target
    package.mkdir()
    system, processor = target.split("-")
    program = "dlint.exe" if system == "win32" else "dlint"
    shutil.copy(file, package / program)
    (package / program).chmod(0o755)
    shutil.copy(ROOT / "LICENSE", package)
    manifest = {
        "name": f"{name}-{target}",
        "version": version,
        "description": f"dlint for {system} on {processor}; {name} runs it",
        "license": "Apache-2.0",
        "os": [system],
        "cpu": [processor],
        **({"libc": ["glibc"]} if system == "linux" else {}),
        "files": [program],
        "preferUnplugged": True,
    }
    _write(package, manifest)
    return package


def _launcher(name: str, version: str, targets: list[str], folder: Path) -> Path:
    package = folder / "launcher"
    shutil.copytree(LAUNCHER, package, ignore=shutil.ignore_patterns("*.test.js", "node_modules"))
    shutil.copy(ROOT / "LICENSE", package)
    manifest: dict[str, Any] = json.loads((package / "package.json").read_text(encoding="utf-8"))
    manifest |= {"name": name, "version": version, "optionalDependencies": {f"{name}-{target}": version for target in targets}}
    del manifest["scripts"]
    _write(package, manifest)
    return package


def _write(package: Path, manifest: dict[str, Any]) -> None:
    (package / "package.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def _packed(package: Path, out: Path) -> Path:
    done = subprocess.run(
        ["npm", "pack", "--json", "--pack-destination", str(out), str(package)],  # noqa: S607 - the one on the path
        stdout=subprocess.PIPE,
        check=True,
    )
    [told] = json.loads(done.stdout)
    return out / str(told["filename"])
