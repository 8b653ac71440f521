"""Says what a wheel lacks or should not have: `python .ci/wheel.py FILE`."""

from __future__ import annotations

import re
import sys
import zipfile
from pathlib import Path

from dockerlint.lint.engine import shipped_tables
from dockerlint.lint.storage import installation, prepared

ROOT = Path(__file__).parent.parent
PREPARED = prepared.SHIPPED.relative_to(installation.TOP).as_posix()


def problems(names: set[str]) -> list[str]:
    """What is wrong with the file names of a wheel: all of the three folders, the package's own module and the manual must be there, and no more."""
    wanted = {f"dockerlint/{path.relative_to(ROOT).as_posix()}" for folder in installation.FOLDERS for path in _files(ROOT / folder)}
    wanted |= {"dockerlint/__init__.py", "dockerlint/py.typed"}
    wanted |= {f"share/man/man1/{path.name}" for path in _files(ROOT / "docs" / "man")}
    wanted.add("share/dlint/dlint.schema.json")
    wanted |= {f"dockerlint/{PREPARED}/{name}.json" for name in shipped_tables.shipped()}
    held = {re.sub(r"^[^/]+\.data/data/", "", name) for name in names if ".dist-info/" not in name}
    missing = [f"lacks {name}" for name in sorted(wanted - held)]
    surplus = [f"should not have {name}" for name in sorted(held - wanted)]
    nothing = [] if any(name.endswith("/licenses/LICENSE") for name in names) else ["lacks the licence"]
    return [*missing, *surplus, *nothing]


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]


if __name__ == "__main__":
    with zipfile.ZipFile(sys.argv[1]) as archive:
        found = problems(set(archive.namelist()))
    sys.exit("\n".join(f"{Path(sys.argv[1]).name} {problem}" for problem in found) or None)
