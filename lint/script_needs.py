"""What ShellCheck need not be given of a script, as it has no say in what is found: names that are set, and plain scripts as a whole."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache
from typing import TYPE_CHECKING

from .patterns import regex

if TYPE_CHECKING:
    from collections.abc import Collection

# The last ShellCheck of which the data below were tried out (tests/test_script_needs.py asks the one that is installed).
TRIED = (0, 11)

# Programs that no check of ShellCheck's is about, whatever their plain words are.
PLAIN_PROGRAMS = frozenset(
    """
    ./autogen.sh ./bootstrap ./configure a2enmod add-apt-repository addgroup adduser apk apt apt-get apt-key autoreconf bundle
    cabal cargo chown cmake composer conda curl dnf docker-php-ext-configure docker-php-ext-enable docker-php-ext-install dpkg
    dpkg-reconfigure gem git go gpg groupadd groupmod ldconfig locale-gen luarocks make mamba microdnf mvn node npm pecl php pip
    pip3 pnpm poetry python python3 setcap strip systemctl tar touch unzip update-alternatives update-ca-certificates useradd
    usermod uv wget yarn yum zypper
    """.split()
)
# What may follow the name of a command that ShellCheck has something to say of in other shapes: `mkdir -pm`, `rm -r /usr`.
PLAIN_SHAPES = {
    name: regex(shape, re.ASCII)
    for name, shape in {
        "cd": r"/?[\w+-]*\w(?:/[\w.+-]*\w)*",
        "echo": r"[\w./:@%+,][\w./:@%+,=-]*(?: [\w./:@%+,][\w./:@%+,=-]*)*",
        "ln": r"-s[fnv]*(?: +[\w./+][\w./+-]*){2}",
        "mkdir": r"-pv?(?: +[\w./+][\w./+-]*)+",
        "rm": r"-(?:r?f|fr|r)(?: +/(?:tmp|var/tmp|var/[a-z]+/[a-z]+|root/\.\w+)(?:/[\w.+-]+)*(?:/\*)?)+",
        "set": r"-[eux]+",
    }.items()
}
# A sign of equality behind nothing looks like an assignment that went wrong.
PLAIN_WORDS = regex(r"(?:[./:@%+,-]*[A-Za-z0-9_][A-Za-z0-9_./:@%+,=-]*(?:[ \t]+|\Z)|[./:@%+,-]+(?:[ \t]+|\Z))+")
# As an argument these look like an end that is missing before them.
KEYWORDS = frozenset("case do done elif else esac fi for function if in select then time until while".split())
# A command that does not stand before `&&` may be one whose failure goes unseen.
BEFORE_AND = frozenset({"cd"})
SEPARATOR = regex(r"(&&|;|\n)")

# ShellCheck says of these that they are arrays, even of our own lines.
ARRAYS = frozenset(
    """
    BASH_ALIASES BASH_ARGC BASH_ARGV BASH_CMDS BASH_LINENO BASH_REMATCH BASH_SOURCE BASH_VERSINFO COMPREPLY COMP_WORDS COPROC
    DIRSTACK FUNCNAME GROUPS MAPFILE PIPESTATUS
    """.split()
)
NAME = regex(r"[A-Za-z_]\w*", re.ASCII)
QUOTING = regex(r"\\\n|[\"'\\]")
# Without one of these no variable is read.
READING = regex(r"[$\[{+(]|alias|declare|export|let|local|trap|typeset")
# ShellCheck proposes a name that is so many letters from one that is not set.
SIMILAR = 2


def is_plain(text: str) -> bool:
    """Whether ShellCheck finds nothing in a script of `/bin/sh` and its like: simple commands of plain words in a row."""
    parts = SEPARATOR.split(text)
    before = "\n"
    for command, after in zip(parts[::2], (*parts[1::2], "\n"), strict=True):
        if command.strip(" \t"):
            if not _is_plain_command(command.strip(" \t"), after):
                return False
        elif before != "\n" or after != "\n":
            return False
        before = after
    return True


def needed(names: frozenset[str], text: str) -> list[str]:
    """Those of the names that are set whose being set may change what is found in a script, in order; all are NAMEs."""
    if "shellcheck" in text:
        # a directive before the first command is about all of the script
        return sorted(names)
    words = {*NAME.findall(text), *NAME.findall(QUOTING.sub("", text))}
    kept = {name for name in names if name in words or name in ARRAYS}
    if READING.search(text):
        kept |= _similar(names - kept, words)
    return sorted(kept)


def _is_plain_command(command: str, after: str) -> bool:
    name, *arguments = command.split()
    if not KEYWORDS.isdisjoint(arguments):
        return False
    if name in PLAIN_PROGRAMS:
        return PLAIN_WORDS.fullmatch(command) is not None
    shape = PLAIN_SHAPES.get(name)
    if shape is None or (name in BEFORE_AND and after != "&&"):
        return False
    return shape.fullmatch(command[len(name) :].strip(" \t")) is not None


def _similar(names: Collection[str], words: Collection[str]) -> set[str]:
    """The names that may be SIMILAR edits or less from a word, whatever the case of letters; at times one that is not."""
    letters = defaultdict(set)
    for word in words:
        letters[len(word)].add(_letters(word))
    return {
        name
        for name in names
        # an edit takes one letter away and brings another
        if any(
            (_letters(name) ^ other).bit_count() <= 2 * SIMILAR
            for size in range(len(name) - SIMILAR, len(name) + SIMILAR + 1)
            for other in letters.get(size, ())
        )
    }


@cache
def _letters(word: str) -> int:
    """The letters of a name, a bit each."""
    found = 0
    for char in word.lower():
        found |= 1 << ord(char) - ord("0")
    return found
