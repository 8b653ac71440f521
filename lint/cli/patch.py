"""What a fix changes, as `patch` and `git apply` read it."""

from __future__ import annotations

from difflib import unified_diff

# By what a line begins with.
STYLES = {"-": "31", "+": "32", "@": "36"}
NO_NEWLINE = "\n\\ No newline at end of file\n"


def unified(path: str, before: str, after: str) -> str:
    """The difference of two texts of one file."""
    old, new = (path, path) if path.startswith("/") else (f"a/{path}", f"b/{path}")
    lines = unified_diff(_lines(before), _lines(after), old, new)
    return "".join(line if line.endswith("\n") else line + NO_NEWLINE for line in lines)


def coloured(patch: str) -> str:
    """A patch for a terminal: what goes is red, what comes is green."""
    return "".join(f"\x1b[{style}m{line}\x1b[0m\n" if (style := _style(line)) else f"{line}\n" for line in patch.removesuffix("\n").split("\n"))


def _style(line: str) -> str:
    if line.startswith(("--- ", "+++ ")):
        return "1"
    return STYLES.get(line[:1], "")


def _lines(text: str) -> list[str]:
    """Lines with their ends; only a line feed ends one, as for `patch`."""
    lines = [f"{line}\n" for line in text.split("\n")]
    last = lines.pop().removesuffix("\n")
    return [*lines, last] if last else lines
