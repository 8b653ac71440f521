"""What a source of COPY or ADD is: a URL, a Git repository, an archive, a pattern."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dockerlint.lint.context.dockerignore import clean_path
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .facts import Facts

URL = regex(r"https?://", re.IGNORECASE)
# Source: the Dockerfile reference, "Adding files from a Git repository".
GIT = regex(r"(?:git|ssh)://|[\w.+-]+@[\w.-]+:|github\.com/|(?:https?|ftp)://\S+\.git(?:[#?]|$)", re.IGNORECASE)
# What ADD unpacks, and names of other packers that hadolint lets pass too. Source: the Dockerfile reference, "ADD".
ARCHIVE = regex(r"\.(?:tar|gz|bz2|xz|zst|lz|lzma|tgz|taz|tb2|tbz|tbz2|tlz|tpz|txz|tz|tzst|z)$", re.IGNORECASE)


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


def context_sources(facts: Facts) -> Iterator[tuple[nodes.Copy, nodes.Word, str]]:
    """What COPY and ADD take from the build context, and its path there (empty: all of it).

    Left out is what comes from elsewhere, or has a variable in it whose value the build decides.
    """
    for node in facts.every(nodes.Copy, triggers=False):
        if node.from_ is not None:
            continue
        for word in node.paths:
            text = word.text if node.json and "$" not in word.text else facts.expand(word.text, node)
            if text is not None and not is_remote(text):
                yield node, word, clean_path(text)
