"""Exit statuses. Source: docs/ci.md and, for an interrupt, the shell's 128 + SIGINT."""

from __future__ import annotations

# Nothing at or above --fail-on; there is; usage, configuration or a file that cannot be read; a bug of ours.
OK, FINDINGS, USAGE, INTERNAL = range(4)
INTERRUPTED = 130
