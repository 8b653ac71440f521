"""Builds dlint as one file for people without Python: `python release/standalone.py WHEEL --out FOLDER`.

The file holds Python, dlint and what release/requirements.txt lists, and runs on this system and processor, with this C library or a
later one. PyInstaller was chosen by measure: docs/install.md has the figures.
"""

from __future__ import annotations

import argparse
import platform
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).parent
PYINSTALLER = "pyinstaller==6.22.3"
# Named as Node names them, so that the npm package can find its own.
SYSTEMS = {"Linux": "linux", "Darwin": "darwin", "Windows": "win32"}
MACHINES = {"x86_64": "x64", "AMD64": "x64", "aarch64": "arm64", "arm64": "arm64"}


def target() -> str:
    """System and processor of this machine, such as `linux-x64`; an error for one that there is no build for."""
    system, machine = platform.system(), platform.machine()
    if system not in SYSTEMS or machine not in MACHINES:
        sys.exit(f"release/standalone.py: no build for {system} on {machine}")
    return f"{SYSTEMS[system]}-{MACHINES[machine]}"


def file_name(of: str) -> str:
    """The name of the file for a target."""
    return f"dlint-{of}{'.exe' if of.startswith('win32') else ''}"


def build(wheel: Path, out: Path) -> Path:
    """The file, made in `out` of a wheel and the packages that are listed with their checksums."""
    out.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        work = Path(folder)
        venv.create(work / "venv", with_pip=True)
        python = next(path for path in (work / "venv/bin/python", work / "venv/Scripts/python.exe") if path.exists())
        pip: list[str | Path] = [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        _run(*pip, "--require-hashes", "-r", HERE / "requirements.txt")
        _run(*pip, "--no-deps", wheel)
        _run(*pip, PYINSTALLER)
        made = file_name(target())
        _run(
            python, "-m", "PyInstaller", "--noconfirm", "--log-level=WARN", "--onefile", "--name", Path(made).stem,
            "--distpath", out, "--workpath", work / "work", "--specpath", work,
            # modules that are found by their place, and files that are data
            "--collect-submodules", "dockerlint", "--collect-data", "dockerlint", "--collect-submodules", "tree_sitter_bash",
            "--collect-data", "pygal",
            # versions, entry points and licences
            "--recursive-copy-metadata", "dockerlint",
            # a Python with its debugging symbols makes it half as big again
            *(["--strip"] if platform.system() == "Linux" and shutil.which("strip") else []),
            HERE / "start.py",
        )  # fmt: skip
    return out / made


def _run(*words: str | Path) -> None:
    subprocess.run([str(word) for word in words], check=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    print(build(given.wheel.resolve(), given.out.resolve()))
