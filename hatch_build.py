"""What a wheel brings besides its sources: tables that a checkout makes at its first run, see `lint/prepared.py`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = "dockerlint"
FOLDERS = ("lint", "rules", "fixers")
SHIPPED = "lint/data/prepared"
SHIP = "import sys; from pathlib import Path; from dockerlint.lint.prepared import ship; ship(Path(sys.argv[1]))"


class Tables(BuildHookInterface[Any]):
    """Runs the program that is being built, from a copy, to make its tables."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Before the wheel is put together: has them made and put in; an editable one has none."""
        self._folder = TemporaryDirectory()
        if version == "editable":
            return
        path, made = Path(self._folder.name, "path"), Path(self._folder.name, "made")
        for name in FOLDERS:
            shutil.copytree(Path(self.root, name), path / PACKAGE / name)
        # by PYTHONPATH pip tells the Python of a build where its packages are
        paths = os.pathsep.join([str(path), *filter(None, [os.environ.get("PYTHONPATH")])])
        environment = {**os.environ, "PYTHONPATH": paths}
        subprocess.run([sys.executable, "-c", SHIP, str(made)], env=environment, cwd=self._folder.name, check=True)
        build_data["force_include"][str(made)] = f"{PACKAGE}/{SHIPPED}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Afterwards: takes away what was made."""
        del version, build_data, artifact_path
        self._folder.cleanup()
