"""Names and the patterns of the tables."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import lru_cache
from itertools import repeat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SPECIAL = frozenset("*?[")
MOST_KEPT = 4096


def matches(name: str, pattern: str) -> bool:
    """What `fnmatch.fnmatchcase` says, at once for the patterns that most are: a name, and one with a single `*`."""
    head, tail, is_all = _ends(pattern)
    if tail is None:
        return name == pattern
    if not (name.startswith(head) and name.endswith(tail)):
        return False
    return len(name) >= len(head) + len(tail) if is_all else fnmatchcase(name, pattern)


def matches_any(name: str, patterns: Iterable[str]) -> bool:
    """Whether a name is of one of the patterns."""
    return any(map(matches, repeat(name), patterns))


@lru_cache(MOST_KEPT)
def _ends(pattern: str) -> tuple[str, str | None, bool]:
    """What a name has to begin and to end with, and whether that is all; no end for a pattern that is a name."""
    special = [at for at, char in enumerate(pattern) if char in SPECIAL]
    if not special:
        return pattern, None, True
    if len(special) == 1 and pattern[special[0]] == "*":
        return pattern[: special[0]], pattern[special[0] + 1 :], True
    return pattern[: special[0]], "", False
