"""Names and the patterns of the tables."""

from __future__ import annotations

from fnmatch import fnmatchcase

SPECIAL = frozenset("*?[")


def matches(name: str, pattern: str) -> bool:
    """What `fnmatch.fnmatchcase` says, at once for the patterns that most are: a name, `*.end` and `start*`."""
    if SPECIAL.isdisjoint(pattern):
        return name == pattern
    if pattern[0] == "*" and SPECIAL.isdisjoint(pattern[1:]):
        return name.endswith(pattern[1:])
    if pattern[-1] == "*" and SPECIAL.isdisjoint(pattern[:-1]):
        return name.startswith(pattern[:-1])
    return fnmatchcase(name, pattern)
