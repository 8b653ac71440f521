"""Which instructions of a stage must keep their order: what each of them reads and writes, and where two of them meet."""

from __future__ import annotations

import posixpath
from bisect import bisect_right
from enum import Enum
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.fixers.inputs.image_paths import absolute
from dockerlint.lint.analysis.copy_sources import is_archive, is_pattern, is_remote
from dockerlint.lint.catalogue import tool as tools
from dockerlint.lint.catalogue.name_patterns import matches_any
from dockerlint.lint.context.dockerignore import clean_path
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes

from .footprint import Clash, Footprint, command_footprint, commands, footprint, overlap, script_footprint, surrounding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.shell.script import Command
    from dockerlint.lint.syntax.nodes import Instruction

# `$NAME` and `${NAME...}`, wherever they stand: quotes and escapes are not looked at, so some are no references.
REFERENCE = regex(r"\$\{?(\w+)")
# Where the programs lie that a script calls, and what these need.
PROGRAMS = ("/bin", "/sbin", "/lib", "/usr/bin", "/usr/sbin", "/usr/lib", "/usr/local/bin", "/usr/local/sbin")
UNKNOWN_USER = "?"
ACCOUNTS = ("/etc/passwd", "/etc/group")
# Options of a shell that make it read nothing but the script it is given.
SHELL_OPTIONS = regex(r"-[ceuxo]+|pipefail")
STARTUP = ("BASH_ENV", "ENV")
# What may read and write anything where its words do not tell.
UNRESOLVED = (nodes.From, nodes.Bad, nodes.Copy, nodes.Workdir, nodes.Volume)


class Kind(Enum):
    """What an instruction may depend on or change."""

    FILE = "file"
    VARIABLE = "variable"
    USER = "user"
    WORKDIR = "working folder"
    SHELL = "shell"
    ACCOUNT = "accounts"
    SETTING = "setting of the image"
    ANYTHING = "anything"


class Access(Enum):
    """What is done with it."""

    READS = "reads"
    MAY_READ = "may read"
    WRITES = "writes"
    TOUCHES = "reads or writes"


class PathUse(Struct, frozen=True):
    """One thing that an instruction reads or writes."""

    # what it is
    kind: Kind
    # what the instruction does with it
    access: Access
    # a path, a variable or a name of a setting, by `kind`; "" for any, and for kinds with only one
    name: str = ""


class Conflict(Struct, frozen=True):
    """Why two instructions keep their order."""

    # how sure that is
    level: Clash
    # what the first one does with the thing where they meet
    first: PathUse
    # what the second one does with it
    second: PathUse


Thing = tuple[Kind, str]


class Effects(Struct, frozen=True):
    """What an instruction reads and writes. The files of a RUN are not here: see footprint.py."""

    # all but files and variables
    reads: frozenset[Thing] = frozenset()
    # all but files and variables
    writes: frozenset[Thing] = frozenset()
    # the variables that it sets
    sets: frozenset[str] = frozenset()
    # the variables that its words name
    names: frozenset[str] = frozenset()
    # the path that a COPY, WORKDIR or VOLUME writes; None for the others
    target: str | None = None
    # the topmost folder that this may create; None where `target` is
    made: str | None = None
    # the paths that hold all that it writes, where `made` says less; empty for the others
    spots: tuple[str, ...] = ()
    # whether it may read and write anything
    opaque: bool = False


def destination(facts: Facts, copy: nodes.Copy) -> str | None:
    """Where a COPY or ADD writes: the file, or the folder that all it brings lies below; None when unknown."""
    path = facts.path(copy.destination.text, copy)
    if path is None:
        return None
    sources = copy.sources
    # of an archive ADD puts the files there, --parents keeps the folders of the source
    one = len(sources) == 1 and not copy.heredocs and not isinstance(copy, nodes.Add) and not copy.flag("parents")
    if path.endswith("/") and one:
        name = posixpath.basename(sources[0].text.rstrip("/"))
        is_file = facts.context is not None and clean_path(sources[0].text) in facts.context.files
        if is_file and name:
            return posixpath.join(path, name)
    return path.rstrip("/") or "/"


def spots(facts: Facts, copy: nodes.Copy, target: str) -> tuple[str, ...]:
    """The paths that hold all that a COPY writes, where it writes into the root folder and the context shows what; else none:
    what it makes says more.
    """
    context = facts.context
    if target != "/" or context is None or not context.whole or copy.from_ is not None or copy.heredocs or copy.flag("parents"):
        return ()
    found: set[str] = set()
    for word in copy.paths:
        source = facts.expand(word.text, copy)
        if source is None or (isinstance(copy, nodes.Add) and (is_pattern(source) or is_archive(source) or is_remote(source))):
            return ()
        clean = clean_path(source)
        if is_pattern(clean) or clean in context.files:
            # of a pattern each name, of a folder that it finds what is in it
            names = context.select(clean)
            depth = clean.count("/")
            found.update(name.split("/")[min(depth + (name.count("/") > depth), name.count("/"))] for name in names)
            continue
        top = f"{clean}/" if clean else ""
        found.update(name[len(top) :].split("/")[0] for name in context.files if name.startswith(top))
    return tuple(f"/{name}" for name in sorted(found))


def links(facts: Facts) -> tuple[str, ...]:
    """The paths that the file's own scripts name to `ln`: what lies there may lie elsewhere as well."""
    return tuple(dict.fromkeys(path for _, path in placed_links(facts)))


def placed_links(facts: Facts) -> Iterator[tuple[int, str]]:
    """The same, each with where the RUN starts that makes it: nothing goes by way of it before."""
    for run in facts.every(nodes.Run):
        for command in facts.commands(run):
            if command.name == "ln":
                yield from ((run.span.start, path) for path in _linked_by(command, facts.state(run).workdir or "/"))


def _linked_by(command: Command, workdir: str) -> Iterator[str]:
    """What an `ln` names, in the folder it runs in and, as links have it, in that of the link."""
    texts = [word.text for word in command.arguments if not word.text.startswith("-")]
    folders = ["/", workdir, *(posixpath.dirname(text) for text in texts[-1:] if text.startswith("/"))]
    for text in texts:
        for folder in folders:
            path = absolute(text, folder)
            if path is not None and path != "/":
                yield path


def may_read(facts: Facts, run: nodes.Run, name: str) -> Clash:
    """Whether a RUN may read a variable: every RUN gets all of them, and says of few which it looks at."""
    return Clash.CERTAIN if name in _text(facts, run) or is_environment(name) else listens(facts, run)


def listens(facts: Facts, run: nodes.Run) -> Clash:
    """Whether a RUN may read a variable that it does not name and the usual tools do not know."""
    script = facts.script(run)
    if (script is None and not isinstance(run.form, nodes.Exec)) or (script and (not script.sound or "<<" in script.text)):
        return Clash.CERTAIN
    state = facts.state(run)
    if not all(SHELL_OPTIONS.fullmatch(word) for word in state.shell[1:]) or any(key in state.env for key in STARTUP):
        return Clash.CERTAIN
    if "${!" in _text(facts, run):
        return Clash.CERTAIN
    return max((_may_read(command) for command in facts.commands(run)), default=Clash.NONE)


@lru_cache(1000)
def is_environment(name: str) -> bool:
    """Whether shells, linkers and the usual tools look at a variable without being told."""
    return matches_any(name, commands().environment)


def is_steady(facts: Facts, run: nodes.Run) -> bool:
    """Whether a RUN does the same whichever packages are there: plain commands such as chmod on paths that it names."""
    script = facts.script(run)
    if script is None or not script.chained or script.heredoc or script.tests or run.flags:
        return False
    return all(command.name in commands().steady and not command.assignments for command in script.commands)


class Precedence:
    """The relation between the instructions of one file; each instruction is looked at once."""

    def __init__(self, facts: Facts) -> None:
        # the facts of the file
        self._facts = facts
        # what each instruction reads and writes, by its place in the text
        self._effects: dict[int, Effects] = {}
        # the footprints of each RUN, by its place in the text
        self._scripts: dict[int, _Scripts] = {}
        # each RUN's text, and whether it may read variables that it does not name, by its place in the text
        self._listens: dict[int, tuple[str, Clash]] = {}
        # how sure it is that two instructions keep their order, by their places in the text
        self._levels: dict[tuple[int, int], Clash] = {}
        # a path by which each instruction meets a link, by its place in the text and the number of links made so far; "" for none
        self._linked_at: dict[tuple[int, int], str] = {}
        # the links that are made first, by their number
        self._linked_to: dict[int, Footprint] = {}

    def conflict(self, one: Instruction, other: Instruction) -> Conflict | None:
        """Why an instruction must not change places with a later one of its stage; None when it may.

        It is the surest reason of all, and the first of these.
        """
        found: Conflict | None = None
        for item in self._meetings(one, other):
            if item.level is Clash.CERTAIN:
                return item
            found = found or item
        return found

    def level(self, one: Instruction, other: Instruction) -> Clash:
        """How sure it is that two instructions must keep their order."""
        key = one.span.start, other.span.start
        if key not in self._levels:
            found = self.conflict(one, other)
            self._levels[key] = found.level if found else Clash.NONE
        return self._levels[key]

    def uses(self, node: Instruction) -> tuple[PathUse, ...]:
        """All that an instruction is known to read and write."""
        found = self.effects(node)
        if found.opaque:
            return (PathUse(Kind.ANYTHING, Access.TOUCHES),)
        uses = [PathUse(kind, Access.READS, name) for kind, name in found.reads]
        uses += [PathUse(kind, Access.WRITES, name) for kind, name in found.writes]
        uses += [PathUse(Kind.VARIABLE, Access.READS, name) for name in found.names]
        uses += [PathUse(Kind.VARIABLE, Access.WRITES, name) for name in found.sets]
        if found.made is not None:
            uses.append(PathUse(Kind.FILE, Access.WRITES, found.target or ""))
        elif isinstance(node, nodes.Run):
            touched = footprint(self._facts, node)
            known = touched.anything is not Clash.CERTAIN
            names = [path.rstrip("/") or "/" for path in touched.certain] if known else [""]
            uses += [PathUse(Kind.FILE, Access.TOUCHES, name) for name in names]
        return tuple(sorted(uses, key=lambda use: (use.kind.value, use.access.value, use.name)))

    def effects(self, node: Instruction) -> Effects:
        """What an instruction reads and writes."""
        key = node.span.start
        if key not in self._effects:
            self._effects[key] = _effects(self._facts, node)
        return self._effects[key]

    def conflicts(self, one: Instruction, other: Instruction) -> tuple[Conflict, ...]:
        """All reasons why an instruction must not change places with a later one of its stage."""
        return tuple(self._meetings(one, other))

    def spots(self, copy: nodes.Copy) -> tuple[str, ...]:
        """The paths that hold all that a COPY writes."""
        found = self.effects(copy)
        return found.spots or (found.target or "/",)

    # ------------------------------------------------------------ where two meet

    def _meetings(self, one: Instruction, other: Instruction) -> Iterator[Conflict]:
        first, second = self.effects(one), self.effects(other)
        if first.opaque or second.opaque:
            yield _certain(PathUse(Kind.ANYTHING, Access.TOUCHES), PathUse(Kind.ANYTHING, Access.TOUCHES))
        for writes, reads, ours, theirs in (
            (first.writes, second.writes, Access.WRITES, Access.WRITES),
            (first.writes, second.reads, Access.WRITES, Access.READS),
            (first.reads, second.writes, Access.READS, Access.WRITES),
        ):
            if not writes.isdisjoint(reads):
                kind, name = min(writes & reads, key=lambda thing: (thing[0].value, thing[1]))
                yield _certain(PathUse(kind, ours, name), PathUse(kind, theirs, name))
        if first.sets or second.sets:
            yield from self._variables(one, other, first, second)
        yield from self._files(one, other, first, second)

    def _variables(self, one: Instruction, other: Instruction, first: Effects, second: Effects) -> Iterator[Conflict]:
        for name in sorted(first.sets & second.sets):
            yield _certain(PathUse(Kind.VARIABLE, Access.WRITES, name), PathUse(Kind.VARIABLE, Access.WRITES, name))
        for name in sorted(first.sets):
            if level := self._reads(other, second, name):
                read = Access.READS if name in second.names else Access.MAY_READ
                yield Conflict(level, PathUse(Kind.VARIABLE, Access.WRITES, name), PathUse(Kind.VARIABLE, read, name))
        for name in sorted(second.sets):
            if level := self._reads(one, first, name):
                read = Access.READS if name in first.names else Access.MAY_READ
                yield Conflict(level, PathUse(Kind.VARIABLE, read, name), PathUse(Kind.VARIABLE, Access.WRITES, name))

    def _reads(self, node: Instruction, effects: Effects, name: str) -> Clash:
        if name in effects.names:
            return Clash.CERTAIN
        if not isinstance(node, nodes.Run):
            return Clash.NONE
        key = node.span.start
        if key not in self._listens:
            self._listens[key] = _text(self._facts, node), listens(self._facts, node)
        text, level = self._listens[key]
        return Clash.CERTAIN if name in text or is_environment(name) else level

    def _files(self, one: Instruction, other: Instruction, first: Effects, second: Effects) -> Iterator[Conflict]:
        one_runs, other_runs = isinstance(one, nodes.Run), isinstance(other, nodes.Run)
        if not (first.made or one_runs) or not (second.made or other_runs):
            return
        # by way of a link both may lie elsewhere than they say
        made = max(one.span.start, other.span.start)
        ends = self._linked(one, first, made), self._linked(other, second, made)
        if all(ends):
            yield _certain(PathUse(Kind.FILE, Access.TOUCHES, ends[0]), PathUse(Kind.FILE, Access.TOUCHES, ends[1]))
        if isinstance(one, nodes.Run) and isinstance(other, nodes.Run):
            yield from _scripts_meet(self._scripts_of(one), self._scripts_of(other))
        elif isinstance(one, nodes.Run) and second.made:
            level, path, spot = _where(footprint(self._facts, one), second)
            if level:
                yield Conflict(level, PathUse(Kind.FILE, Access.TOUCHES, path), PathUse(Kind.FILE, Access.WRITES, spot))
        elif isinstance(other, nodes.Run) and first.made:
            level, path, spot = _where(footprint(self._facts, other), first)
            if level:
                yield Conflict(level, PathUse(Kind.FILE, Access.WRITES, spot), PathUse(Kind.FILE, Access.TOUCHES, path))
        elif level := _both_write(self._facts, one, other, first, second):
            yield Conflict(
                level,
                PathUse(Kind.FILE, Access.WRITES, first.target or ""),
                PathUse(Kind.FILE, Access.WRITES, second.target or ""),
            )

    def _linked(self, node: Instruction, effects: Effects, made: int) -> str:
        """A path that an instruction touches and that a link leads to or from, of those made up to a place of the file; "" when
        there is none.
        """
        last = bisect_right(self._link_starts, made)
        key = node.span.start, last
        if key not in self._linked_at:
            there = self._links_of(last)
            if isinstance(node, nodes.Run):
                level, path = footprint(self._facts, node).meets(there)
            else:
                level, path = there.where(effects.target or "/")
            self._linked_at[key] = (path or "/") if level else ""
        return self._linked_at[key]

    @cached_property
    def _link_starts(self) -> list[int]:
        return [start for start, _ in self._links]

    @cached_property
    def _links(self) -> list[tuple[int, str]]:
        return sorted(placed_links(self._facts))

    def _links_of(self, last: int) -> Footprint:
        """The links that the first so many of them are."""
        if last not in self._linked_to:
            self._linked_to[last] = Footprint.of((path, Clash.CERTAIN) for _, path in self._links[:last])
        return self._linked_to[last]

    def _scripts_of(self, run: nodes.Run) -> _Scripts:
        key = run.span.start
        if key not in self._scripts:
            self._scripts[key] = _Scripts(self._facts, run)
        return self._scripts[key]


class _Scripts(Struct, dict=True):
    """The footprints of one RUN's parts."""

    # the facts of the file
    facts: Facts
    # the RUN
    run: nodes.Run

    @cached_property
    def script(self) -> Footprint:
        """What its commands touch."""
        return script_footprint(self.facts, self.run)

    @cached_property
    def read(self) -> Footprint:
        """What it only reads: what its shell and its variables name, but for what `steady` says."""
        found = surrounding(self.facts, self.run)
        if self.steady:
            found = (item for item in found if item[0] is None or not any(overlap(item[0], there) for there in PROGRAMS))
        return Footprint.of(found)

    @cached_property
    def by_hand(self) -> Footprint:
        """What its commands touch that are no package managers: these never take away what every script needs."""
        plain = (command for command in self.facts.commands(self.run) if tools.invocation(command) is None)
        parts = [command_footprint(self.facts, self.run, command) for command in plain]
        paths = [(path, Clash.CERTAIN) for part in parts for path in part.certain]
        return Footprint.of([*paths, *((None, part.anything) for part in parts)])

    def changes_programs(self, other: _Scripts) -> bool:
        """Whether it may change the programs that another one calls."""
        return self._changes_by_hand if other.steady else self._changes

    @cached_property
    def _changes(self) -> bool:
        return any(self.script.at(folder) for folder in PROGRAMS)

    @cached_property
    def _changes_by_hand(self) -> bool:
        return any(self.by_hand.at(folder) for folder in PROGRAMS)

    @cached_property
    def steady(self) -> bool:
        """Whether its own commands are the same whichever packages are there."""
        return is_steady(self.facts, self.run)


def _where(touched: Footprint, effects: Effects) -> tuple[Clash, str, str]:
    """How surely a script touches what an instruction writes, by which of its own names, and where."""
    found = ((*touched.where(spot), spot) for spot in effects.spots or (effects.made or "/",))
    return max(found, key=lambda item: item[0])


def _scripts_meet(one: _Scripts, other: _Scripts) -> Iterator[Conflict]:
    touches, reads = Access.TOUCHES, Access.READS
    for ours, theirs, access, others in (
        (one.script, other.script, touches, touches),
        (one.read, other.script, reads, touches),
        (one.script, other.read, touches, reads),
    ):
        level, path = ours.meets(theirs)
        if level:
            yield Conflict(level, PathUse(Kind.FILE, access, path), PathUse(Kind.FILE, others, path))
    programs = PathUse(Kind.FILE, reads, PROGRAMS[0])
    if other.changes_programs(one):
        yield _certain(programs, PathUse(Kind.FILE, touches, PROGRAMS[0]))
    if one.changes_programs(other):
        yield _certain(PathUse(Kind.FILE, touches, PROGRAMS[0]), programs)


def _both_write(facts: Facts, one: Instruction, other: Instruction, first: Effects, second: Effects) -> Clash:
    """Whether two of COPY, ADD, WORKDIR and VOLUME meet: at what they write, or at a folder that the first to come makes."""
    assert first.target is not None
    assert second.target is not None
    if isinstance(one, nodes.Copy) and isinstance(other, nodes.Workdir):
        level = _copy_and_workdir(facts, one, first.target, second.target)
    elif isinstance(one, nodes.Workdir) and isinstance(other, nodes.Copy):
        level = _copy_and_workdir(facts, other, second.target, first.target)
    else:
        level = Clash.CERTAIN if overlap(first.target, second.target) else Clash.NONE
    if level is not Clash.NONE:
        return level
    if overlap(first.made or "/", second.made or "/") and _maker(facts, one) != _maker(facts, other):
        # of a user that nobody knows it may be the same
        return Clash.POSSIBLE if UNKNOWN_USER in (_maker(facts, one)[0], _maker(facts, other)[0]) else Clash.CERTAIN
    return Clash.NONE


def _copy_and_workdir(facts: Facts, copy: nodes.Copy, target: str, folder: str) -> Clash:
    """WORKDIR makes the folder when it is not there, a COPY below it finds one that it may have made differently."""
    if folder == "/" or not overlap(folder, target):
        return Clash.NONE
    if copy.flag("chown") or copy.flag("chmod"):
        return Clash.CERTAIN
    whole = all(_is_folder(facts, copy, word.text) for word in copy.sources)
    # of a single file the last name is the folder's only when a slash says so
    return Clash.NONE if whole else Clash.POSSIBLE if copy.destination.text.endswith("/") else Clash.CERTAIN


def _is_folder(facts: Facts, copy: nodes.Copy, text: str) -> bool:
    """Whether a source of a COPY is a folder of the context, of which the content is copied."""
    clean = clean_path(text)
    if clean == "":
        return True
    context = facts.context
    return copy.from_ is None and context is not None and not is_pattern(clean) and clean not in context.files and context.has(clean)


def _maker(facts: Facts, node: Instruction) -> tuple[str, ...]:
    """What decides whose the folders are that an instruction makes on its way, and their modes."""
    if isinstance(node, nodes.Copy):
        return node.flag_value("chown") or "", node.flag_value("chmod") or ""
    user = facts.state(node).user if isinstance(node, nodes.Workdir) else ""
    return "" if user in ("root", "0", "") else user or UNKNOWN_USER, ""


def _certain(first: PathUse, second: PathUse) -> Conflict:
    return Conflict(Clash.CERTAIN, first, second)


# ---------------------------------------------------------------- what one instruction does


def _effects(facts: Facts, node: Instruction) -> Effects:
    names = frozenset(REFERENCE.findall(_text(facts, node)))
    match node:
        case nodes.From() | nodes.Bad():
            return Effects(opaque=True)
        case nodes.Env() | nodes.Arg():
            return Effects(sets=frozenset(pair.key.text for pair in node.pairs), names=names)
        case nodes.Run():
            return Effects(*_of_run(facts, node), names=names)
        case nodes.Copy():
            return _of_copy(facts, node, names)
        case nodes.Workdir():
            path = facts.path(node.argument.text, node)
            if path is None:
                return Effects(opaque=True)
            path = path.rstrip("/") or "/"
            things = frozenset({(Kind.WORKDIR, "")})
            return Effects(frozenset({*things, (Kind.USER, "")}), things, names=names, target=path, made=_made(facts, node, path))
        case nodes.User():
            return Effects(frozenset({(Kind.ACCOUNT, "")}), frozenset({(Kind.USER, "")}), names=names)
        case nodes.ShellChange():
            return Effects(writes=frozenset({(Kind.SHELL, "")}), names=names)
        case nodes.Volume():
            paths = [path for word in node.words if (path := facts.path(word.text, node)) is not None]
            if not paths or len(paths) < len(node.words):
                return Effects(opaque=True)
            folder = posixpath.commonpath(paths)
            return Effects(names=names, target=folder, made=folder)
        case _:
            return Effects(*_of_metadata(node), names=names)


def _of_metadata(node: Instruction) -> tuple[frozenset[Thing], frozenset[Thing]]:
    """What it reads and writes of the image's settings; the last of its kind holds, so they keep their order."""
    if isinstance(node, nodes.Label):
        return frozenset(), frozenset((Kind.SETTING, f"LABEL {pair.key.text}") for pair in node.pairs)
    if isinstance(node, nodes.Cmd | nodes.Entrypoint | nodes.Healthcheck):
        # ENTRYPOINT resets a CMD that it finds, and the shell form of these names the shell
        name = "HEALTHCHECK" if isinstance(node, nodes.Healthcheck) else "CMD"
        return frozenset({(Kind.SHELL, "")}), frozenset({(Kind.SETTING, name)})
    return frozenset(), frozenset({(Kind.SETTING, node.name)})


def _of_run(facts: Facts, run: nodes.Run) -> tuple[frozenset[Thing], frozenset[Thing]]:
    reads: set[Thing] = {(Kind.USER, ""), (Kind.WORKDIR, ""), (Kind.SHELL, "")}
    writes: set[Thing] = set()
    known = commands()
    for command in facts.commands(run):
        if command.name in ("chown", "chgrp"):
            reads.add((Kind.ACCOUNT, ""))
        paths = {absolute(word.text, "/") for word in command.words[1:]}
        paths |= {absolute(item.target.text, "/") for item in command.redirects if item.target}
        if command.name in known.accounts or not paths.isdisjoint(ACCOUNTS):
            writes.add((Kind.ACCOUNT, ""))
    return frozenset(reads), frozenset(writes)


def _of_copy(facts: Facts, copy: nodes.Copy, names: frozenset[str]) -> Effects:
    target = destination(facts, copy)
    if target is None:
        return Effects(opaque=True)
    reads: set[Thing] = set()
    if not (facts.expand(copy.destination.text, copy) or "").startswith("/"):
        reads.add((Kind.WORKDIR, ""))
    owner = copy.flag_value("chown") or ""
    if not all(part.isdecimal() for part in owner.split(":") if part):
        reads.add((Kind.ACCOUNT, ""))
    return Effects(frozenset(reads), names=names, target=target, made=_made(facts, copy, target), spots=spots(facts, copy, target))


def _made(facts: Facts, node: Instruction, path: str) -> str:
    """The topmost folder of a path that may not be there yet, and the path itself where all above it are."""
    known = commands()
    there = [*known.system, *known.sometimes_system, facts.state(node).workdir or "/"]
    folder = path
    while folder != "/" and (parent := posixpath.dirname(folder)) != "/":
        if any((item + "/").startswith(parent + "/") for item in there):
            break
        folder = parent
    return folder


def _may_read(command: Command) -> Clash:
    """Whether a command may read a variable that the usual tools do not know."""
    known = commands()
    found = tools.invocation(command)
    if found is not None:
        return _tool_may_read(found)
    name = command.name
    texts = [word.text for word in command.arguments]
    if name in known.listing and (not texts or "-p" in texts):
        return Clash.CERTAIN
    if any(text.partition("=")[0] in known.opaque.get(name, ()) for text in texts):
        return Clash.CERTAIN
    plain = not name or name in ("cd", "[[") or name in known.plain or name in known.silent
    return Clash.NONE if plain or name in known.accounts or name in known.deaf else Clash.CERTAIN


def _tool_may_read(found: tools.Invocation) -> Clash:
    """Packages of a distribution read nothing of ours; those of a language may, as they run code when they are built."""
    tool = found.tool
    if tool.kind == "system":
        return Clash.NONE
    if f"{tool.name} {found.subcommand}" in commands().code_free_fetches:
        return Clash.NONE
    if found.action in ("refresh", "clean"):
        return Clash.NONE
    if tool.kind == "build" or found.action not in ("install", "upgrade"):
        return Clash.CERTAIN
    free = found.has(commands().code_free) or found.option("--only-binary") == ":all:"
    return Clash.NONE if free else Clash.POSSIBLE


def _text(facts: Facts, node: Instruction) -> str:
    """An instruction as the builder reads it: without continuations."""
    return "".join(facts.doc.source(piece) for piece in facts.doc.pieces(node.span))
