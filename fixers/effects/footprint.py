"""What a RUN may read or write: the paths that its commands name, its tools use and its surroundings bring in."""

from __future__ import annotations

import posixpath
import re
from bisect import bisect_left
from enum import IntEnum
from functools import cache
from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.lint.analysis.facts import once
from dockerlint.lint.catalogue import tables, tool
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.shell.script import Command

# A path within a word: `--root=/srv`, `-I/usr/include`, `/a:/b`.
ABSOLUTE = regex(r"(?<![\w.~*?\]/+@%-])/[^\s'\",;:=|<>()$`]*")
# Variables that known commands look at and that may name files.
CONFIGURING = regex(
    r"PATH\Z|\A(?:JAVA_)?HOME\Z|\A(?:LD|PIP|PYTHON|NODE|NPM|npm|YARN|GO|APT|GIT|XDG|CC|CXX|BASH_ENV|ENV|TMPDIR)(?:_|\Z)"
    r"|CONFIG|CERT|BUNDLE|PRELOAD|OPTIONS"
)
MODE = regex(r"[0-7]{1,5}|[ugoa]*[-+=][rwxXst]*(?:,[ugoa]*[-+=][rwxXst]*)*")
PACKAGE_FILES = (".deb", ".rpm", ".apk")
CONFIG_FLAGS = ("-c", "--config", "--config-file")
ROOT = ("root", "0")


class Clash(IntEnum):
    """Whether two instructions may change places: surely, probably, not."""

    NONE = 0
    POSSIBLE = 1
    CERTAIN = 2


class CommandPaths(Struct, frozen=True):
    """What commands outside the catalogue of tools touch, as `lint/catalogue/data/commands.toml` has it. Commands are names."""

    # commands that touch only the paths that they are given, and the targets of their redirections
    plain: frozenset[str]
    # for those that use the folder they run in: the option that names another one; `*` when any operand does
    folder: dict[str, str]
    # for some commands the letters of options that a path may follow at once (`-Cfolder`)
    path_letters: dict[str, str]
    # for some commands the words that make them do what other files or programs say
    opaque: dict[str, list[str]]
    # commands that touch only the targets of their redirections
    silent: frozenset[str]
    # commands that change users and groups
    accounts: frozenset[str]
    # commands that download
    downloads: frozenset[str]
    # commands that compile
    compilers: frozenset[str]
    # finds the options that make an install use its cache
    offline: re.Pattern[str]
    # paths where a distribution's packages certainly put files
    system: tuple[str, ...]
    # paths where some of them do
    sometimes_system: tuple[str, ...]
    # paths where a language's packages may read or write files
    sometimes_written: tuple[str, ...]
    # for commands that build what runs without them, the subcommands that do so; any when empty
    artefacts: dict[str, list[str]]
    # commands that do the same whichever packages are installed
    steady: frozenset[str]
    # commands that read no variables but those in `environment`
    deaf: frozenset[str]
    # commands that show all variables when they have no operands
    listing: frozenset[str]
    # options with which an install runs no code of the packages
    code_free: tuple[str, ...]
    # commands, with their subcommands, that download and run no code of the project
    code_free_fetches: frozenset[str]
    # patterns of variables that the usual programs read without being told
    environment: tuple[str, ...]


@cache
def commands() -> CommandPaths:
    """The data of `lint/catalogue/data/commands.toml`."""
    data = tables.table("lint/catalogue/data/commands.toml")
    of_names = ("plain", "silent", "accounts", "downloads", "compilers", "steady", "deaf", "listing")
    sets = {name: frozenset(data[name]) for name in of_names}
    return CommandPaths(
        **sets,
        offline=regex(rf"(?:{'|'.join(map(re.escape, data['offline']))})(?![\w-])"),
        folder=data["folder"],
        path_letters=data["path-letters"],
        opaque=data["opaque"],
        system=tuple(data["system"]),
        sometimes_system=tuple(data["sometimes-system"]),
        sometimes_written=tuple(data["sometimes-written"]),
        artefacts=data["artefacts"],
        code_free=tuple(data["code-free"]),
        code_free_fetches=frozenset(data["code-free-fetches"]),
        environment=tuple(data["environment"]),
    )


class Footprint(Struct, frozen=True):
    """The paths that may be read or written. Both lists are sorted, and each path ends with a slash."""

    # the paths that are read or written
    certain: tuple[str, ...]
    # the paths that may be
    possible: tuple[str, ...]
    # whether other paths are too: NONE when all paths are known
    anything: Clash

    @classmethod
    def of(cls, touches: Iterable[tuple[str | None, Clash]]) -> Footprint:
        """From paths and how likely they are touched; None stands for any path."""
        paths: dict[Clash, set[str]] = {Clash.POSSIBLE: set(), Clash.CERTAIN: set()}
        anything = Clash.NONE
        for path, level in touches:
            if path is None:
                anything = max(anything, level)
            else:
                paths[level].add(path.rstrip("/") + "/")
        return cls(tuple(sorted(paths[Clash.CERTAIN])), tuple(sorted(paths[Clash.POSSIBLE])), anything)

    def at(self, path: str) -> Clash:
        """Whether a path is touched, or one below or above it."""
        return self.where(path)[0]

    def where(self, path: str) -> tuple[Clash, str]:
        """Whether a path is touched, and by the name of which path: it, one below or above it, "" for any."""
        if (found := _met(self.certain, path)) is not None:
            return Clash.CERTAIN, found
        if self.anything is Clash.CERTAIN:
            return Clash.CERTAIN, ""
        if (found := _met(self.possible, path)) is not None:
            return Clash.POSSIBLE, found
        return self.anything, ""

    def meets(self, other: Footprint) -> tuple[Clash, str]:
        """Whether two touch the same path, and which."""
        few, many = sorted((self, other), key=lambda item: len(item.certain) + len(item.possible))
        if not (few.certain or few.possible or few.anything) or not (many.certain or many.possible or many.anything):
            return Clash.NONE, ""
        worst = max(few.anything, many.anything), ""
        for paths, most in ((few.certain, Clash.CERTAIN), (few.possible, Clash.POSSIBLE)):
            for path in paths:
                level, _ = many.where(path.rstrip("/") or "/")
                if min(level, most) > worst[0]:
                    worst = min(level, most), path.rstrip("/") or "/"
        return worst


@once
def footprint(facts: Facts, run: nodes.Run) -> Footprint:
    """What a RUN touches."""
    return Footprint.of((*surrounding(facts, run), *_touched_by_script(facts, run)))


def script_footprint(facts: Facts, run: nodes.Run) -> Footprint:
    """What the commands of a RUN touch, without what surrounds them."""
    return Footprint.of(_touched_by_script(facts, run))


def command_footprint(facts: Facts, run: nodes.Run, command: Command) -> Footprint:
    """What one command of a RUN touches when it runs in the RUN's own folder."""
    return Footprint.of(_touches(facts, run, command, facts.state(run).workdir))


def surrounding(facts: Facts, run: nodes.Run) -> Iterator[tuple[str | None, Clash]]:
    """What a RUN may meet besides what its script names: mounts, its shell, files that variables name."""
    for mount in facts.mounts(run):
        if mount.target is not None:
            yield mount.target, Clash.CERTAIN
        if mount.kind == "bind" and mount.from_ is None:
            yield None, Clash.CERTAIN
    state = facts.state(run)
    yield from ((word, Clash.CERTAIN) for word in state.shell if word.startswith("/"))
    for name, value in state.env.items():
        if not CONFIGURING.search(name):
            continue
        texts = (value,) if value is not None else facts.values.get(name, ())
        # where programs and modules are looked for, which need not be found there
        level = Clash.POSSIBLE if name.endswith("PATH") else Clash.CERTAIN
        yield from ((path, level) for text in texts if "/" in text for path in ABSOLUTE.findall(text))


def overlap(one: str, other: str) -> bool:
    """Whether two paths are the same or one lies below the other."""
    one, other = one.rstrip("/") + "/", other.rstrip("/") + "/"
    return one.startswith(other) or other.startswith(one)


def _met(paths: tuple[str, ...], path: str) -> str | None:
    """The path among sorted ones that is this one, or lies above or below it; None when there is none."""
    path = path.rstrip("/") + "/"
    index = bisect_left(paths, path)
    if index < len(paths) and paths[index].startswith(path):
        return paths[index].rstrip("/") or "/"
    if not path.startswith(paths):
        return None
    return next(found.rstrip("/") or "/" for found in paths if path.startswith(found))


def _touched_by_script(facts: Facts, run: nodes.Run) -> Iterator[tuple[str | None, Clash]]:
    script = facts.script(run)
    if (script is None and not isinstance(run.form, nodes.Exec)) or (script and (not script.sound or "<<" in script.text)):
        yield None, Clash.CERTAIN
        return
    workdir = facts.state(run).workdir
    for command in (*(script.tests if script else ()), *facts.commands(run)):
        yield from _touches(facts, run, command, workdir)
        if command.name == "cd":
            workdir = None


def _touches(
    facts: Facts, run: nodes.Run, command: Command, workdir: str | None
) -> Iterator[tuple[str | None, Clash]]:
    """The paths that a command may read or write, and how likely; None stands for any path."""
    known = commands()
    for redirect in command.redirects:
        if redirect.target is not None:
            yield absolute(redirect.target.text, workdir), Clash.CERTAIN
    for word in command.assignments:
        yield from ((path, Clash.CERTAIN) for path in ABSOLUTE.findall(word.text))
    if not command.name:
        return
    found = tool.invocation(command)
    if found is not None:
        if "/" in found.words[0].text:
            yield absolute(found.words[0].text, workdir), Clash.CERTAIN
        yield from _touched_by_tool(facts, run, found, workdir)
    elif command.name in known.accounts:
        # `useradd -d /srv/app` makes that folder
        named = (path for word in command.arguments for path in ABSOLUTE.findall(word.text))
        yield from ((path, Clash.CERTAIN) for path in (*known.system, "/home", "/root", *named))
    elif command.name in known.silent:
        globs = (word.text for word in command.arguments if any(char in word.text for char in "*?["))
        yield from ((absolute(text, workdir), Clash.CERTAIN) for text in globs)
    elif command.name in known.plain or command.name in ("cd", "[["):
        yield from ((path, Clash.CERTAIN) for path in _touched_by_plain(command, workdir))
    else:
        yield None, Clash.CERTAIN


def _touched_by_plain(command: Command, workdir: str | None) -> Iterator[str | None]:
    """The paths that the words of a command name, and its folder where it reads that by itself."""
    known = commands()
    texts = _without_mode(command.name, [word.text for word in command.arguments])
    if any(text.partition("=")[0] in known.opaque.get(command.name, ()) for text in texts):
        yield None
    for text in texts:
        yield from (absolute(path, workdir) for path in _named(text, known.path_letters.get(command.name, "")))
    elsewhere = known.folder.get(command.name)
    if command.name == "grep":
        elsewhere = "*" if any(text.startswith("-") and ("r" in text or "R" in text) for text in texts) else None
    if elsewhere is None:
        return
    named = any(text.startswith(elsewhere) for text in texts) if elsewhere != "*" else _names_folder(command.name, texts)
    if not named:
        yield workdir


def _without_mode(name: str, texts: list[str]) -> list[str]:
    """The words of chmod, chown and chgrp without the mode or the owner, which is no path."""
    if any(text.startswith("--reference") for text in texts):
        return texts
    for at, text in enumerate(texts):
        if (name == "chmod" and MODE.fullmatch(text)) or (name in ("chown", "chgrp") and not text.startswith("-")):
            return [*texts[:at], *texts[at + 1 :]]
    return texts


def _names_folder(name: str, texts: list[str]) -> bool:
    """Whether a command such as `ls` is given the places to look at: the first words of find, the last of grep."""
    if name == "find":
        return bool(texts) and not texts[0].startswith(("-", "(", "!"))
    return sum(not text.startswith("-") for text in texts) > (name == "grep")


def _named(text: str, letters: str) -> Iterator[str]:
    """The parts of a word that may be paths, as they are written."""
    yield from ABSOLUTE.findall(text)
    if not text.startswith("-"):
        yield text
    if "=" in text:
        yield text.rpartition("=")[2]
    elif text.startswith("-") and not text.startswith("--"):
        if "/" in text:
            yield text[text.index("/") :]
        yield from (text[at + 1 :] for letter in letters if 0 < (at := text.find(letter, 1)) < len(text) - 1)


def _touched_by_tool(
    facts: Facts, run: nodes.Run, found: tool.Invocation, workdir: str | None
) -> Iterator[tuple[str | None, Clash]]:
    known = commands()
    yield from ((path, Clash.CERTAIN) for path in known.system)
    yield from ((item.path, Clash.CERTAIN) for item in found.tool.cache_homes(facts.home(run) or "/"))
    for word in found.words[1:]:
        yield from ((path, Clash.CERTAIN) for path in ABSOLUTE.findall(word.text))
        if word.text.startswith("-") and "/" in word.text:
            yield absolute(word.text[word.text.index("/") :], workdir), Clash.CERTAIN
    if found.tool.kind == "system" and found.action:
        yield from ((absolute(text, workdir), Clash.CERTAIN) for text in _local_packages(found))
        yield from ((path, Clash.POSSIBLE) for path in known.sometimes_system)
        return
    yield (facts.home(run), Clash.CERTAIN) if facts.state(run).user in ROOT else (None, Clash.POSSIBLE)
    if workdir is None or not found.action or found.tool.kind == "build":
        yield workdir, Clash.CERTAIN
        return
    if found.tool.project and not found.is_global:
        yield workdir, Clash.CERTAIN
    plain = {word.span for word in (*found.operands, *found.subcommand_words)}
    for word in found.words[1:]:
        text = word.text.rpartition("=")[2] if word.text.startswith("-") else word.text
        if text.startswith("-") or word in found.subcommand_words:
            continue
        is_value = word.span not in plain and not word.text.startswith("-")
        if is_value or facts.context is None or "/" in text or "." in text or text.startswith("$"):
            yield absolute(text, workdir), Clash.CERTAIN
    yield from ((path, Clash.POSSIBLE) for path in known.sometimes_written)


def _local_packages(found: tool.Invocation) -> Iterator[str]:
    """The words of a system package manager that name files: packages on disk and configuration."""
    before = ""
    for word in found.words[1:]:
        if not word.text.startswith("-"):
            if "/" in word.text or word.text.endswith(PACKAGE_FILES) or before in CONFIG_FLAGS:
                yield word.text
        elif word.text.partition("=")[0] in CONFIG_FLAGS and "=" in word.text:
            yield word.text.partition("=")[2]
        before = word.text


def absolute(text: str, workdir: str | None) -> str | None:
    """A path of a command, up to its first wildcard; None when a variable or an unknown folder decides it."""
    for at, char in enumerate(text):
        if char in "$`":
            return None
        if char in "*?[{":
            text = text[:at].rpartition("/")[0] + "/"
            break
    if text.startswith("~"):
        return None
    if text.startswith("/"):
        return posixpath.normpath("/" + text.lstrip("/"))
    return posixpath.normpath(posixpath.join(workdir, text)) if workdir else None
