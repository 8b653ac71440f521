"""The pairs that differed, made small: written as JSON, read back as tests."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from .generate import Case

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .fixes import Fixed
    from .trial import Problem


def gist(detail: str) -> str:
    """The first line of what differs, without what varies from pair to pair."""
    line = next((line for line in detail.splitlines() if line.strip()), "")
    return re.sub(r"[0-9a-f]{8,}|\d+|/[\w.@+-]+(?=/)", "", line)[:160]


def write(folder: Path, case: Case, fixed: Fixed, problem: Problem, unsafe: bool) -> Path | None:
    """Writes a pair; None when one with the same fixes and the same difference is there."""
    kind = f"{'unsafe' if unsafe else 'safe'}-{problem.scenario}-{problem.kind}"
    name = hashlib.blake2b(f"{kind} {fixed.codes} {gist(problem.detail)}".encode(), digest_size=4).hexdigest()
    path = folder / f"{kind}-{'-'.join(fixed.codes[:3])}-{name}.json"
    if path.exists():
        return None
    folder.mkdir(exist_ok=True)
    row = {
        "dockerfile": case.text,
        "files": dict(case.files),
        "edited": case.edited,
        "unsafe": unsafe,
        "was": {"scenario": problem.scenario, "kind": problem.kind, "detail": problem.detail[:1500], "fixed": fixed.text, "fixes": [list(item) for item in fixed.made]},
    }
    path.write_text(json.dumps(row, indent=1) + "\n", encoding="utf-8")
    return path


def read(folder: Path) -> Iterator[tuple[str, Case, bool, dict[str, Any]]]:
    """Name, case, whether with unsafe fixes, and what it was, of all that were found."""
    for path in sorted(folder.glob("*.json")):
        row = json.loads(path.read_text(encoding="utf-8"))
        yield path.stem, Case(row["dockerfile"], row["files"], row["edited"]), row["unsafe"], row["was"]
