"""Reorders steps: what a RUN may touch, whether a COPY may go below it, and the edits that move instructions."""

from __future__ import annotations

import posixpath
import re
import tomllib
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from dockerlint.lint import nodes, tools
from dockerlint.lint.context import clean_path
from dockerlint.lint.expansion import ExpansionError, variables
from dockerlint.lint.findings import Edit, Span

from .edits import delete_lines, insert, with_comments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.facts import Facts
    from dockerlint.lint.nodes import Dockerfile, Instruction
    from dockerlint.lint.shell import Command

# A path within a word: `--root=/srv`, `-I/usr/include`, `/a:/b`.
ABSOLUTE = re.compile(r"(?<![\w.~*?\]/+@%-])/[^\s'\",;:=|<>()$`]*")
PACKAGE_FILES = (".deb", ".rpm", ".apk")
CONFIG_FLAGS = ("-c", "--config", "--config-file")
ROOT = ("root", "0")


class Clash(IntEnum):
    """Whether two instructions may change places: surely, probably, not."""

    NONE = 0
    POSSIBLE = 1
    CERTAIN = 2


@dataclass(frozen=True, slots=True)
class Commands:
    """What commands outside the catalogue of tools touch; the fields are those of `commands.toml`."""

    plain: frozenset[str]
    folder: dict[str, str]
    path_letters: dict[str, str]
    opaque: dict[str, list[str]]
    silent: frozenset[str]
    accounts: frozenset[str]
    downloads: frozenset[str]
    compilers: frozenset[str]
    system: tuple[str, ...]
    sometimes_system: tuple[str, ...]
    artefacts: dict[str, list[str]]


@cache
def commands() -> Commands:
    """The data of `lint/data/commands.toml`."""
    text = resources.files("dockerlint.lint").joinpath("data", "commands.toml").read_text(encoding="utf8")
    data = tomllib.loads(text)
    sets = {name: frozenset(data[name]) for name in ("plain", "silent", "accounts", "downloads", "compilers")}
    return Commands(
        **sets,
        folder=data["folder"],
        path_letters=data["path-letters"],
        opaque=data["opaque"],
        system=tuple(data["system"]),
        sometimes_system=tuple(data["sometimes-system"]),
        artefacts=data["artefacts"],
    )


def is_costly(facts: Facts, run: nodes.Run) -> bool:
    """Whether a RUN installs, downloads or compiles: what one does not want to wait for after an edit."""
    known = commands()
    if any(item.action in ("install", "refresh", "upgrade", "build") for item in facts.invocations(run)):
        return True
    return any(command.name in known.downloads or command.name in known.compilers for command in facts.commands(run))


def destination(facts: Facts, copy: nodes.Copy) -> str | None:
    """Where a COPY or ADD writes: the file, or the folder that all it brings lies below; None when unknown."""
    path = facts.path(copy.destination.text, copy)
    if path is None:
        return None
    sources = copy.sources
    if path.endswith("/") and len(sources) == 1 and not copy.heredocs:
        name = posixpath.basename(sources[0].text.rstrip("/"))
        is_file = facts.context is not None and clean_path(sources[0].text) in facts.context.files
        if is_file and name:
            return posixpath.join(path, name)
    return path.rstrip("/") or "/"


def clash(facts: Facts, copy: nodes.Copy, node: Instruction) -> Clash:
    """Whether a COPY or ADD may go below an instruction that now follows it in its stage."""
    target = destination(facts, copy)
    if target is None:
        return Clash.CERTAIN
    match node:
        case nodes.Run():
            return _clash_with_run(facts, target, copy, node)
        case nodes.Copy():
            other = destination(facts, node)
            return Clash.CERTAIN if other is None or overlap(target, other) else Clash.NONE
        case nodes.Env() | nodes.Arg():
            names = {pair.key.text for pair in node.pairs}
            return Clash.CERTAIN if names & _names(copy, facts.doc.escape) else Clash.NONE
        case nodes.Workdir():
            return _clash_with_workdir(facts, copy, target, node)
        case nodes.Volume():
            paths = [facts.path(word.text, node) for word in node.words]
            return Clash.CERTAIN if any(path is None or overlap(path, target) for path in paths) else Clash.NONE
        case nodes.From() | nodes.Bad():
            return Clash.CERTAIN
        case _:
            return Clash.NONE


def reach(facts: Facts, run: nodes.Run, command: Command, target: str, workdir: str | None) -> Clash:
    """Whether a command may read or write at a path, or below or above it; it runs in `workdir`, None when unknown."""
    worst = Clash.NONE
    for path, level in _touches(facts, run, command, workdir):
        if path is None or overlap(path, target):
            worst = max(worst, level)
    return worst


def links(facts: Facts) -> tuple[str, ...]:
    """The paths that the file's own scripts name to `ln`: what lies there may lie elsewhere as well."""
    commands_of = (command for run in facts.every(nodes.Run) for command in facts.commands(run) if command.name == "ln")
    paths = (absolute(word.text, "/") for command in commands_of for word in command.arguments)
    return tuple(path for path in paths if path is not None and path != "/")


def move_below(doc: Dockerfile, node: Instruction, after: Instruction) -> tuple[Edit, Edit] | None:
    """Moves an instruction, with the comments directly above it, to the line after another.

    None when there is no such line: the text ends in the middle of a continuation.
    """
    start, end = with_comments(doc, node)
    text = doc.source(Span(start, end))
    line_end = doc.text.find("\n", after.span.end)
    gone = delete_lines(doc, Span(start, end))
    if doc.escape in doc.text[after.span.end : line_end if line_end >= 0 else None]:
        return None
    if line_end >= 0:
        return gone, insert(line_end + 1, text if text.endswith("\n") else text + doc.newline)
    return gone, insert(len(doc.text), doc.newline + text.removesuffix("\n").removesuffix("\r"))


def _clash_with_workdir(facts: Facts, copy: nodes.Copy, target: str, node: nodes.Workdir) -> Clash:
    """WORKDIR makes the folder when it is not there, a COPY below it finds one that it may have made differently."""
    if not (facts.expand(copy.destination.text, copy) or "").startswith("/"):
        return Clash.CERTAIN
    path = facts.path(node.argument.text, node)
    if path is None:
        return Clash.CERTAIN
    if path == "/" or not overlap(path, target):
        return Clash.NONE
    if copy.flag("chown") or copy.flag("chmod"):
        return Clash.CERTAIN
    whole = all(clean_path(word.text) == "" for word in copy.sources)
    # of a single file the last name is the folder's only when a slash says so
    return Clash.NONE if whole else Clash.POSSIBLE if copy.destination.text.endswith("/") else Clash.CERTAIN


def _names(copy: nodes.Copy, escape: str) -> set[str]:
    """The variables that a COPY's words and flags use."""
    words = [*(word.text for word in (*copy.sources, copy.destination)), *(flag.value or "" for flag in copy.flags)]
    try:
        return {reference.name for word in words if "$" in word for reference in variables(word, escape)}
    except ExpansionError:
        return set()


def overlap(one: str, other: str) -> bool:
    """Whether two paths are the same or one lies below the other."""
    one, other = one.rstrip("/") + "/", other.rstrip("/") + "/"
    return one.startswith(other) or other.startswith(one)


def _clash_with_run(facts: Facts, target: str, copy: nodes.Copy, run: nodes.Run) -> Clash:
    script = facts.script(run)
    if (script is None and not isinstance(run.form, nodes.Exec)) or (script and not script.sound):
        return Clash.CERTAIN
    if script and "<<" in script.text:
        return Clash.CERTAIN
    worst = _clash_with_surroundings(facts, target, run)
    state = facts.state(run)
    workdir = state.workdir
    owner = copy.flag_value("chown") or ""
    for command in (*(script.tests if script else ()), *facts.commands(run)):
        if worst is Clash.CERTAIN:
            break
        worst = max(worst, reach(facts, run, command, target, workdir))
        if command.name == "cd":
            workdir = None
        if command.name in commands().accounts and not all(part.isdecimal() for part in owner.split(":") if part):
            worst = Clash.CERTAIN
    return worst


def _clash_with_surroundings(facts: Facts, target: str, run: nodes.Run) -> Clash:
    """What a RUN may find at a path besides what its script names: mounts, its shell, files that variables name."""
    mounts = facts.mounts(run)
    if any(mount.kind == "bind" and mount.from_ is None for mount in mounts):
        return Clash.CERTAIN
    if any(mount.target is not None and overlap(mount.target, target) for mount in mounts):
        return Clash.CERTAIN
    state = facts.state(run)
    if any(word.startswith("/") and overlap(word, target) for word in state.shell):
        return Clash.CERTAIN
    worst = Clash.NONE
    for name, value in state.env.items():
        texts = (value,) if value is not None else facts.values.get(name, ())
        if any(overlap(path, target) for text in texts if "/" in text for path in ABSOLUTE.findall(text)):
            # where programs and modules are looked for, which need not be found there
            worst = max(worst, Clash.POSSIBLE if name.endswith("PATH") else Clash.CERTAIN)
    return worst


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
    found = tools.invocation(command)
    if found is not None:
        if "/" in found.words[0].text:
            yield absolute(found.words[0].text, workdir), Clash.CERTAIN
        yield from _touched_by_tool(facts, run, found, workdir)
    elif command.name in known.accounts:
        yield from ((path, Clash.CERTAIN) for path in (*known.system, "/home", "/root"))
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
    texts = [word.text for word in command.arguments]
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
    facts: Facts, run: nodes.Run, found: tools.Invocation, workdir: str | None
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
        is_value = word.span not in plain and not word.text.startswith("-")
        if is_value or facts.context is None or "/" in text or "." in text or text.startswith("$"):
            if not text.startswith("-") and word not in found.subcommand_words:
                yield absolute(text, workdir), Clash.CERTAIN
    yield from ((path, Clash.POSSIBLE) for path in ("/opt", "/root", "/home", "/tmp"))


def _local_packages(found: tools.Invocation) -> Iterator[str]:
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
