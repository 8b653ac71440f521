"""What a run of the command line does to start and end quickly: each function says what it buys.

Figures are instructions of a small run, which do not depend on what else a machine does: `valgrind --tool=cachegrind
--cache-sim=no dlint Dockerfile` counts some 440 million for a file that has changed, 200 for a known one. Besides what is here,
commands load what they need when they need it, regular expressions compile at their first use (lint/storage/lazy_regex.py), and
tables that are worked out of our own files are kept (lint/storage/prepared.py).
"""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# The names of the commands, for who does not load click; tests/lint/cli/test_help.py holds them against click's.
COMMANDS = ("check", "explain", "rules", "ast", "cost", "diff", "verify", "scan", "config", "cache", "doctor", "completion", "new-rule", "lsp")
GARBAGE = 50_000, 20, 20
# Variables with the values of options, and the one by which a shell asks for completions.
VARIABLES = ("DLINT_", "_DLINT_")


def collect_garbage_less_often() -> None:
    """Trees hold no cycles to speak of: looking for some after every 700 new objects takes a tenth of a corpus run."""
    gc.set_threshold(*GARBAGE)


def end_without_a_last_search() -> None:
    """Python looks for cycles once more as it ends, but not among frozen objects: 18 of 215 million for a known file."""
    gc.freeze()


def are_paths(words: Sequence[str]) -> bool:
    """Whether a command line is paths to check and nothing else: click has nothing to do then, and takes 60 million to load."""
    # on Windows click expands patterns, as no shell does it there
    if os.name == "nt" or any(word.startswith("-") for word in words) or (words[:1] and words[0] in COMMANDS):
        return False
    return not any(name.startswith(VARIABLES) for name in os.environ)
