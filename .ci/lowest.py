"""Prints, as constraints for pip, the lowest versions that pyproject.toml allows of what dlint needs.

    python .ci/lowest.py > constraints.txt && pip install -c constraints.txt .
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)\s*>=\s*(?P<version>[\w.]+)(?:\s*,\s*[<!]=?\s*[\w.]+)*(?:\s*;.*)?")
# Of the extras those that are a part of the program; what the tests and the measurements need may be new.
EXTRAS = ("shellcheck", "zstd")


def constraints(requirements: list[str]) -> list[str]:
    """`name==version` for each; raises ValueError for one that has no lower bound."""
    found = []
    for text in requirements:
        match = REQUIREMENT.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"{text}: there is no lower bound; write it as name>=version")
        found.append(f"{match['name']}=={match['version']}")
    return found


if __name__ == "__main__":
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(item for extra in EXTRAS for item in project["optional-dependencies"].get(extra, ()))]
    try:
        sys.stdout.write("".join(f"{line}\n" for line in constraints(wanted)))
    except ValueError as error:
        sys.exit(f"pyproject.toml: {error}")
