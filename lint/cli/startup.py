"""What a run of the command line does to start quickly: each line says what it buys.

Figures are of `dlint Dockerfile` with a small file that has changed (some 100 ms), by `bench/startup.py`.
"""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# The names of the commands, for who does not load click; tests/lint/cli/test_commands.py holds them against click's.
COMMANDS = ("check", "explain", "rules", "ast", "cost", "diff", "verify", "scan", "config", "cache", "doctor", "completion", "new-rule", "lsp")
GARBAGE = 50_000, 20, 20
# Variables with the values of options, and the one by which a shell asks for completions.
VARIABLES = ("DLINT_", "_DLINT_")


def collect_garbage_less_often() -> None:
    """Trees hold no cycles to speak of: looking for some after every 700 new objects takes a tenth of a corpus run."""
    gc.set_threshold(*GARBAGE)


def are_paths(words: Sequence[str]) -> bool:
    """Whether a command line is paths to check and nothing else: click has nothing to do then, and takes 20 ms to load."""
    # on Windows click expands patterns, as no shell does it there
    if os.name == "nt" or any(word.startswith("-") for word in words) or (words[:1] and words[0] in COMMANDS):
        return False
    return not any(name.startswith(VARIABLES) for name in os.environ)
