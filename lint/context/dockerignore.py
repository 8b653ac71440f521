"""The patterns of ignore files and of COPY, as the builder reads them."""

from __future__ import annotations

import posixpath
import re
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# Behind a pattern: the path itself, or all that lies below it.
BELOW = r"(?:/.*)?\Z"
# What the stars of a pattern stand for: the rest of a name, folders, any text.
NAME, FOLDERS, ANY = "[^/]*", "(?:.*/)?", ".*"
DEEP = (FOLDERS, ANY)
LAZY = {"": "", FOLDERS: "(?:.*?/)??", ANY: ".*?"}
# Patterns such as `a**b**c`, which nobody writes, are only exact up to so many.
MOST_UNSETTLED = 3


def clean_path(path: str) -> str:
    """A path relative to the context's root, as the builder reads it: `/x`, `./x` and `../x` are all `x`."""
    clean = posixpath.normpath("/" + path.replace("\\", "/")).lstrip("/")
    return "" if clean == "." else clean


def parts(path: str) -> list[str]:
    """The names in a path that `clean_path` would give."""
    clean = clean_path(path)
    return clean.split("/") if clean else []


def glob_to_regex(pattern: str, *, deep: bool) -> str:
    """The expression for a pattern: `*` and `?` stay within a name; `**` crosses them in an ignore file (`deep`), and is
    no more than `*` in COPY.

    The groups that are never tried again keep the time from growing with each star: what stands between two stars is best
    taken where it comes first, as the second star can take all that the first one could have.
    """
    chunks: list[tuple[str, list[str]]] = [("", [""])]
    for token in _tokens(pattern, deep=deep):
        if token in DEEP:
            chunks.append((token, [""]))
        elif token != NAME:
            chunks[-1][1][-1] += token
        elif len(chunks[-1][1]) == 1 or chunks[-1][1][-1]:
            chunks[-1][1].append("")
    *firsts, (last, pieces) = chunks
    out = []
    for at, (before, parts) in enumerate(firsts):
        after = chunks[at + 1][0]
        # `**` may go on in the middle of a name only where it stands for any text
        is_settled = parts[-1].endswith("/") or after == ANY or at > MOST_UNSETTLED
        text = _names(parts, settled=is_settled)
        out.append(f"(?>{LAZY[before]}{text})" if is_settled else before + text)
    return "".join([*out, last, _names(pieces, settled=False)])


def _names(pieces: Sequence[str], *, settled: bool) -> str:
    """The expression for what stands between `**`: pieces with a star between each two of them."""
    head, *rest = pieces
    if not rest:
        return head
    *middle, tail = rest
    found = [f"(?>[^/]*?{piece})" for piece in middle]
    return "".join([head, *found, "[^/]*?" if settled else NAME, tail])


def _tokens(pattern: str, *, deep: bool) -> Iterator[str]:
    """The expressions of a pattern's parts, NAME and those of DEEP for its stars."""
    at = 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "*" and deep and pattern[at : at + 1] == "*":
            at += 1
            if pattern[at : at + 1] == "/":
                at += 1
                yield FOLDERS
            else:
                # behind a start of `**` the rest may stand in the middle of a name, unless it is a pattern itself
                free = at == len(pattern) or (at == 2 and not any(char in pattern[at:] for char in "*?[\\"))
                yield ANY if free else FOLDERS
        elif char == "*":
            yield NAME
        elif char == "?":
            yield "[^/]"
        elif char == "[" and (end := pattern.find("]", at + 1)) > 0:
            # these are kept for what Python may once let a set mean
            body = re.sub(r"([\\\[&|~])", r"\\\1", pattern[at:end])
            yield f"[{body}]"
            at = end + 1
        elif char == "\\" and at < len(pattern):
            yield re.escape(pattern[at])
            at += 1
        else:
            yield re.escape(char)


class Ignore(Struct, frozen=True, dict=True):
    """The patterns of an ignore file, in order: whether each takes back, and its expression.

    Neighbours of one kind are one expression: of these it is all the same which of them matches.
    """

    patterns: tuple[tuple[bool, re.Pattern[str]], ...]

    @classmethod
    def parse(cls, text: str) -> Ignore:
        """Reads an ignore file; lines that start with # and blank ones say nothing, a bad pattern is passed over."""
        # what is indented is no comment
        return cls.of(line for line in text.removeprefix("\ufeff").split("\n") if not line.startswith("#"))

    @classmethod
    def of(cls, lines: Iterable[str]) -> Ignore:
        """The patterns of lines that are no comments."""
        known = (found for line in lines if line.strip() and (found := _expression(line.strip())))
        runs = ((key, "|".join(text for _, text in run)) for key, run in groupby(known, key=lambda item: item[0]))
        return cls(tuple((negative, re.compile(f"(?:{text}){BELOW}", re.DOTALL)) for negative, text in runs))

    @cached_property
    def has_exceptions(self) -> bool:
        """Whether a pattern takes files back, so that an ignored folder may hold some that are not."""
        return any(negative for negative, _ in self.patterns)

    def matches(self, path: str) -> bool:
        """Whether a path is kept from the builder; the last pattern that matches decides."""
        for negative, pattern in reversed(self.patterns):
            if pattern.match(path):
                return not negative
        return False


def _expression(line: str) -> tuple[bool, str] | None:
    """Whether a line of an ignore file takes back, and its expression; None when it says nothing."""
    clean = posixpath.normpath(line.removeprefix("!").strip() or ".").lstrip("/")
    if clean in ("", "."):
        return None
    expression = glob_to_regex(clean, deep=True)
    try:
        re.compile(expression)
    except re.error:
        return None
    return line.startswith("!"), expression
