"""What a source of COPY or ADD is: a URL, a Git repository, an archive, a pattern."""

from __future__ import annotations

import re

URL = re.compile(r"https?://", re.IGNORECASE)
# Source: the Dockerfile reference, "Adding files from a Git repository".
GIT = re.compile(r"(?:git|ssh)://|[\w.+-]+@[\w.-]+:|github\.com/|(?:https?|ftp)://\S+\.git(?:[#?]|$)", re.IGNORECASE)
# What ADD unpacks, and names of other packers that hadolint lets pass too. Source: the Dockerfile reference, "ADD".
ARCHIVE = re.compile(r"\.(?:tar|gz|bz2|xz|zst|lz|lzma|tgz|taz|tb2|tbz|tbz2|tlz|tpz|txz|tz|tzst|z)$", re.IGNORECASE)


def is_remote(source: str) -> bool:
    """Whether ADD fetches it."""
    return bool(URL.match(source) or GIT.match(source))


def is_archive(source: str) -> bool:
    """Whether its name is one of an archive that ADD unpacks."""
    return bool(ARCHIVE.search(source))


def is_pattern(source: str) -> bool:
    """Whether it may name several files."""
    return any(char in source for char in "*?[")


def is_windows_path(path: str) -> bool:
    """Whether a path starts with a drive's letter or a backslash."""
    return (path[1:2] == ":" and path[:1].isalpha()) or path.startswith("\\")
