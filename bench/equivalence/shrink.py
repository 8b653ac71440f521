"""Makes a pair that fails as small as it can be while it fails in the same way."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from . import trial
from .fixes import fix_all

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .executor import Store
    from .fixes import Fixed
    from .generate import Case
    from .trial import Problem

# candidates that are fixed at once
BATCH = 40
# rounds at most
ROUNDS = 60


def shrink(store: Store, case: Case, fixed: Fixed, problem: Problem, *, unsafe: bool) -> tuple[Case, Fixed, Problem]:
    """The smallest of the pairs that were tried."""
    for _ in range(ROUNDS):
        better = _better(store, case, problem, unsafe)
        if better is None:
            break
        case, fixed, problem = better
    return case, fixed, problem


def _better(store: Store, case: Case, problem: Problem, unsafe: bool) -> tuple[Case, Fixed, Problem] | None:
    candidates = list(_candidates(case))
    for at in range(0, len(candidates), BATCH):
        batch = candidates[at : at + BATCH]
        for candidate, fixed in zip(batch, fix_all(batch, unsafe=unsafe), strict=True):
            if not fixed.made:
                continue
            outcome = trial.run(store, candidate, fixed, unsafe=unsafe)
            same = next((item for item in outcome.problems if (item.scenario, item.kind) == (problem.scenario, problem.kind)), None)
            if same is not None:
                return candidate, fixed, same
    return None


def _candidates(case: Case) -> Iterator[Case]:
    blocks = _blocks(case.text)
    for size in (len(blocks) // 2, len(blocks) // 4, 1):
        for at in range(0, len(blocks), max(size, 1)) if size else ():
            kept = blocks[:at] + blocks[at + size :]
            if kept and size < len(blocks):
                yield replace(case, text="".join(kept))
    for index, block in enumerate(blocks):
        for shorter in _shorter(block):
            yield replace(case, text="".join([*blocks[:index], shorter, *blocks[index + 1 :]]))
    for name in case.files:
        yield replace(case, files={other: text for other, text in case.files.items() if other != name})
    for name, text in case.files.items():
        lines = text.splitlines(True)
        for index in range(len(lines) if 1 < len(lines) < 20 else 0):
            yield replace(case, files={**case.files, name: "".join(lines[:index] + lines[index + 1 :])})


def _blocks(text: str) -> list[str]:
    """Instructions with all their lines."""
    found: list[str] = []
    current, heredoc = "", None
    for line in text.splitlines(True):
        current += line
        if heredoc is not None:
            if line.strip() == heredoc:
                found.append(current)
                current, heredoc = "", None
            continue
        if match := re.search(r"<<-?['\"]?(\w+)", line):
            heredoc = match[1]
        elif not line.rstrip().endswith("\\"):
            found.append(current)
            current = ""
    return [*found, current] if current else found


def _shorter(block: str) -> Iterator[str]:
    if "<<" in block:
        lines = block.splitlines(True)
        for index in range(1, len(lines) - 1):
            yield "".join(lines[:index] + lines[index + 1 :])
        yield "RUN " + " && ".join(line.strip() for line in lines[1:-1]) + "\n"
        return
    flat = re.sub(r"\s*\\\n\s*", " ", block)
    if flat != block:
        yield flat
    head, _, rest = flat.partition(" ")
    for sign in (" && ", "; "):
        parts = rest.rstrip("\n").split(sign)
        if len(parts) > 1:
            for index in range(len(parts)):
                yield f"{head} {sign.join(parts[:index] + parts[index + 1 :])}\n"
    words = rest.split()
    if 1 < len(words) < 14:
        for index in range(len(words)):
            if words[index] not in ("&&", "\\"):
                yield f"{head} {' '.join(words[:index] + words[index + 1 :])}\n"
