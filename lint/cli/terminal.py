"""What standard output is: a terminal or not, with colour or not."""

from __future__ import annotations

import os
import sys


def is_terminal() -> bool:
    """Whether a person reads along; FORCE_COLOR says so for what only looks like a pipe."""
    forced = os.environ.get("FORCE_COLOR", "0") not in ("", "0")
    return forced or (sys.stdout.isatty() and os.environ.get("TERM") != "dumb")


def has_colour() -> bool:
    """Whether to colour; NO_COLOR (no-color.org) wins over all else."""
    return is_terminal() and not os.environ.get("NO_COLOR")
