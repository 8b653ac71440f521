"""What a wheel brings besides its sources: the package's own module, and tables that a checkout makes at its first run, see `lint/engine/shipped_tables.py`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SHIP = "from dockerlint.lint.engine.shipped_tables import ship; from dockerlint.lint.storage.prepared import SHIPPED; ship(SHIPPED); print(SHIPPED)"

# What the package holds besides its three folders. A checkout's links to these are no part of it.
TOP_LEVEL = ("__init__.py", "py.typed")


class Tables(BuildHookInterface[Any]):
    """Runs the program that is being built, from a copy, to make its tables."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Before the wheel is put together: has them made and put in; an editable one has none."""
        self._folder = TemporaryDirectory()
        if version == "editable":
            return
        for name in TOP_LEVEL:
            build_data["force_include"][str(Path(self.root, ".pkg", "dockerlint", name))] = f"dockerlint/{name}"
        top = Path(self._folder.name).resolve()
        for source, target in self.build_config.sources.items():
            shutil.copytree(Path(self.root, source), top / target)
        # by PYTHONPATH pip tells the Python of a build where its packages are
        paths = os.pathsep.join([str(top), *filter(None, [os.environ.get("PYTHONPATH")])])
        environment = {**os.environ, "PYTHONPATH": paths}
        command = [sys.executable, "-c", SHIP]
        done = subprocess.run(command, env=environment, cwd=top, stdout=subprocess.PIPE, text=True, check=True)
        made = Path(done.stdout.strip())
        build_data["force_include"][str(made)] = made.relative_to(top).as_posix()

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Afterwards: takes away what was made."""
        del version, build_data, artifact_path
        self._folder.cleanup()
