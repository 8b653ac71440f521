"""What a step reads and writes, and why two steps keep their order, in words: with the commands, the files and the programs."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.fixers.effects.footprint import Clash, command_footprint, commands, footprint
from dockerlint.fixers.effects.precedence import PROGRAMS, UNRESOLVED, Access, Kind
from dockerlint.lint.catalogue import tool as tools
from dockerlint.lint.context.dockerignore import clean_path
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dockerlint.fixers.effects.precedence import Conflict, PathUse
    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.shell.script import Command
    from dockerlint.lint.syntax.nodes import Instruction

LONGEST_COMMAND = 60
# The actions of tools that change what is installed, the one that says most first.
_INSTALLING = {name: rank for rank, name in enumerate(("install", "upgrade", "remove", ""))}
# So many files are named; the first ones say enough.
MOST_FILES = 8
ACCOUNTS_FILE = "/etc/passwd"
USED = (Kind.USER, Kind.WORKDIR, Kind.SHELL)
PLACES = {Kind.USER: "the user", Kind.WORKDIR: "the working folder", Kind.SHELL: "the shell", Kind.ACCOUNT: ACCOUNTS_FILE}


class Actor(Struct, frozen=True):
    """An instruction, and of a RUN the command in it that counts; None where it is the RUN as a whole."""

    node: Instruction
    command: Command | None
    # as it stands in the file, between backticks, cut where it gets long
    text: str

    @property
    def invocation(self) -> tools.Invocation | None:
        """The call of a tool of the catalogue that it is."""
        return tools.invocation(self.command) if self.command else None

    @property
    def is_installer(self) -> bool:
        """Whether it may change any program or setting that is installed in the image."""
        return self.command is not None and _is_installer(self.command)

    @property
    def is_language(self) -> bool:
        """Whether it is a tool for the packages of a language."""
        found = self.invocation
        return found is not None and found.tool.kind != "system"

    @property
    def program(self) -> str:
        """The name of the program that it calls."""
        found = self.invocation
        word = found.words[0].text if found else self.command.name if self.command else "sh"
        return posixpath.basename(word) or "sh"

    @property
    def record(self) -> str | None:
        """The file or folder that holds what it installs; None where that is not known."""
        if self.command is not None and self.command.name in commands().accounts:
            return ACCOUNTS_FILE
        found = self.invocation
        return found.tool.installed if found and found.action else None


# ---------------------------------------------------------------- why two keep their order


def reason(facts: Facts, one: Instruction, other: Instruction, found: Conflict) -> str:
    """A conflict as a sentence without a full stop; `other` stands below `one`."""
    kind = found.first.kind
    if kind is Kind.FILE:
        return _of_files(facts, one, other, found)
    first, second = _actor(facts, one, found.first), _actor(facts, other, found.second)
    if kind is Kind.ANYTHING:
        unclear = first if isinstance(one, UNRESOLVED) else second
        return f"{unclear.text} may change anything that {(second if unclear is first else first).text} reads or writes"
    writes_first, writes_second = found.first.access is Access.WRITES, found.second.access is Access.WRITES
    thing = found.first.name if kind in (Kind.VARIABLE, Kind.SETTING) else PLACES[kind]
    if writes_first and writes_second:
        return f"{first.text} and {second.text} both {'write' if kind is Kind.ACCOUNT else 'set'} {thing}: the later one holds"
    writer, reader, use = (first, second, found.second) if writes_first else (second, first, found.first)
    sets, reads = "sets", "may read" if use.access is Access.MAY_READ else "reads"
    if kind in USED:
        reads = "uses"
    elif kind is Kind.ACCOUNT:
        sets = "writes"
    if writes_first:
        return f"{writer.text} {sets} {thing}, which {reader.text} {reads}"
    return f"{reader.text} {reads} {thing} before {writer.text} {sets} it"


def _of_files(facts: Facts, one: Instruction, other: Instruction, found: Conflict) -> str:
    path = max(found.first.name, found.second.name, key=len)
    first, second = _at(facts, one, path), _at(facts, other, path)
    for actor, use in ((first, found.first), (second, found.second)):
        if not use.name and _is_unknown(facts, actor.node):
            return f"dlint cannot tell which files {_unknown(facts, actor).text} reads or writes"
    if path in PROGRAMS and not (first.is_installer or second.is_installer):
        return _of_programs(facts, first, second, found)
    if _is_system(path) and (first.is_installer or second.is_installer):
        return _of_installs(first, second)
    verbs = _verb(found, found.first, first), _verb(found, found.second, second)
    if isinstance(one, nodes.Copy) and isinstance(other, nodes.Copy):
        things = [_listed(written(facts, node)) or _below(facts, node, use.name) for node, use in ((one, found.first), (other, found.second))]
        return f"{first.text} {verbs[0]} {things[0]}, {second.text} {verbs[1]} {things[1]}: the later one holds"
    return f"{first.text} {verbs[0]} {_file(facts, first, second, path)}, which {second.text} {verbs[1]}"


def _of_installs(first: Actor, second: Actor) -> str:
    """Why two keep their order of which one installs packages or changes accounts."""
    if first.record and first.record == second.record:
        return f"{first.text} may write {first.record}, which {second.text} reads or writes"
    if ACCOUNTS_FILE in (first.record, second.record) and first.is_installer and second.is_installer and not (first.is_language or second.is_language):
        return f"{first.text} may write {ACCOUNTS_FILE}, which {second.text} reads or writes"
    if first.is_installer:
        return f"{first.text} may install or change `{second.program}`, or a library that it needs, and {second.text} runs it"
    return f"{first.text} runs `{first.program}`, which {second.text} may install or change, or a library that it needs"


def _of_programs(facts: Facts, first: Actor, second: Actor, found: Conflict) -> str:
    """Why two keep their order of which one makes a file where programs lie, and the other calls programs."""
    if found.first.access is Access.READS:
        return f"{first.text} runs programs, and {second.text} may change {_program_file(facts, second.node)}"
    return f"{first.text} may change {_program_file(facts, first.node)}, and {second.text} runs programs"


def _program_file(facts: Facts, node: Instruction) -> str:
    """The file among the programs that a RUN names."""
    names = footprint(facts, node).certain if isinstance(node, nodes.Run) else ()
    found = (name.rstrip("/") for name in names if any(name.startswith(f"{folder}/") and name != f"{folder}/" for folder in PROGRAMS) and name != "/bin/sh/")
    return next(found, "programs")


def _verb(found: Conflict, use: PathUse, actor: Actor) -> str:
    """What one of the two does with the file."""
    if not isinstance(actor.node, nodes.Run):
        return "writes"
    word = "read" if use.access in (Access.READS, Access.MAY_READ) else "read or write"
    if actor.is_installer or found.level is not Clash.CERTAIN:
        return f"may {word}"
    return word.replace("read", "reads").replace("write", "writes")


def _file(facts: Facts, first: Actor, second: Actor, path: str) -> str:
    """The file where two meet: of a COPY into a folder one that it brings, best one that the other names."""
    for actor, other in ((first, second), (second, first)):
        brought = written(facts, actor.node) if isinstance(actor.node, nodes.Copy) else []
        if not brought:
            continue
        named = footprint(facts, other.node).certain if isinstance(other.node, nodes.Run) else ()
        best = next((name for name in brought if f"{name}/" in named), brought[0])
        if best == path or best.startswith(f"{path.rstrip('/')}/"):
            return best
    copy = next((actor.node for actor in (first, second) if isinstance(actor.node, nodes.Copy)), None)
    return _below(facts, copy, path) if copy else path


def _below(facts: Facts, copy: nodes.Copy, path: str) -> str:
    """A path that a COPY writes, as the file that it is or as the folder that the files lie in."""
    one = len(copy.sources) == 1 and not copy.destination.text.endswith("/")
    clean = clean_path(copy.sources[0].text) if one else ""
    is_file = clean != "" and not (facts.context is not None and copy.from_ is None and facts.context.has(clean) and clean not in facts.context.files)
    return path if is_file else f"files below {path}"


def written(facts: Facts, copy: nodes.Copy) -> list[str]:
    """The files that a COPY makes, where all of its sources are files of the context; else none."""
    target = facts.path(copy.destination.text, copy)
    context = facts.context
    if target is None or context is None or copy.from_ is not None or copy.heredocs or copy.flag("parents"):
        return []
    names = []
    for word in copy.paths:
        source = facts.expand(word.text, copy)
        if source is None or clean_path(source) not in context.files:
            return []
        names.append(posixpath.basename(clean_path(source)))
    folder = target.endswith("/") or len(names) > 1
    return [posixpath.join(target, name) for name in names] if folder else [target]


def _is_unknown(facts: Facts, node: Instruction) -> bool:
    """Whether an instruction is a RUN that may read and write any file."""
    return isinstance(node, nodes.Run) and footprint(facts, node).anything is Clash.CERTAIN


def _rank(command: Command) -> int:
    """0 for the commands that say most: those that change what is installed."""
    found = tools.invocation(command)
    return _INSTALLING.get(found.action if found else "", len(_INSTALLING))


def _is_system(path: str) -> bool:
    """Whether a path is one of the folders that packages are installed in, rather than a file that is named."""
    known = commands()
    return path in (*known.system, *known.sometimes_system, *PROGRAMS)


def _is_installer(command: Command) -> bool:
    known = commands()
    return tools.invocation(command) is not None or command.name in known.system_programs or command.name in known.accounts


# ---------------------------------------------------------------- who does it


def _actor(facts: Facts, node: Instruction, use: PathUse) -> Actor:
    """Who uses what is no file: of a RUN the command that names a variable, or that changes accounts."""
    if isinstance(node, nodes.Run):
        for command in facts.commands(node):
            names_it = use.kind is Kind.VARIABLE and use.name in facts.doc.source(command.span)
            changes_it = use.kind is Kind.ACCOUNT and command.name in commands().accounts
            if names_it or changes_it:
                return Actor(node, command, _quoted(facts, command))
    return Actor(node, None, _quoted(facts, node))


def _at(facts: Facts, node: Instruction, path: str) -> Actor:
    """Who uses a path: of a RUN the first command that surely does, or else perhaps."""
    if not isinstance(node, nodes.Run):
        return Actor(node, None, _quoted(facts, node))
    found = [(command_footprint(facts, node, command).at(path), command) for command in facts.commands(node)]
    if _is_system(path) and any(_is_installer(command) for _, command in found):
        found = [item for item in found if _is_installer(item[1])]
    elif path in PROGRAMS:
        # what a script runs is where programs lie, whether or not it names a file there
        found = [(Clash.CERTAIN, command) for _, command in found if command.name and command.name not in commands().silent]
    level, command = max(found, key=lambda item: (item[0], -_rank(item[1])), default=(Clash.NONE, None))
    if command is None or level is Clash.NONE:
        return Actor(node, None, _quoted(facts, node))
    return Actor(node, command, _quoted(facts, command))


def _unknown(facts: Facts, actor: Actor) -> Actor:
    """The command of a RUN that may read and write any file; the RUN where it is no command's doing."""
    run = actor.node
    assert isinstance(run, nodes.Run)
    for command in facts.commands(run):
        if command_footprint(facts, run, command).anything is Clash.CERTAIN:
            return Actor(run, command, _quoted(facts, command))
    return Actor(run, None, _quoted(facts, run))


def _quoted(facts: Facts, item: Instruction | Command) -> str:
    text = " ".join("".join(facts.doc.source(piece) for piece in facts.doc.pieces(item.span)).split())
    return f"`{text if len(text) <= LONGEST_COMMAND else text[: LONGEST_COMMAND - 3] + '...'}`"


# ---------------------------------------------------------------- what one reads and writes


def summary(facts: Facts, node: Instruction, uses: Iterable[PathUse]) -> list[str]:
    """What an instruction reads and writes, a line for each kind of access and thing."""
    lines: dict[str, list[str]] = {}
    for use in uses:
        head, name = _line(facts, node, use)
        if name is None or not _told_by_installers(facts, node, name):
            lines.setdefault(head, []).extend([name] if name else [])
    if isinstance(node, nodes.Run):
        lines |= {text: [] for text in _installs(facts, node)}
    return [head + _listed(names) for head, names in lines.items()]


def _line(facts: Facts, node: Instruction, use: PathUse) -> tuple[str, str | None]:
    """The beginning of the line for a use, and the name to list there."""
    if use.kind is Kind.ANYTHING:
        return "dlint cannot tell what it reads and writes", None
    if use.kind is Kind.VARIABLE:
        return f"{use.access.value.replace('writes', 'sets')} variables: ", use.name
    if use.kind is not Kind.FILE:
        verb = use.access.value if use.kind is Kind.ACCOUNT else "sets" if use.access is Access.WRITES else "uses"
        return f"{verb} {use.name or PLACES[use.kind]}", None
    if isinstance(node, nodes.Copy):
        brought = written(facts, node)
        return f"writes {_listed(brought) or _below(facts, node, use.name)}", None
    if not use.name and isinstance(node, nodes.Run):
        return f"{_unknown(facts, Actor(node, None, '')).text} may read or write any file: dlint does not know what it does", None
    return f"{use.access.value} ", use.name


def _told_by_installers(facts: Facts, node: Instruction, path: str) -> bool:
    """Whether a path is one of those that a line about an installer stands for."""
    return isinstance(node, nodes.Run) and _is_system(path) and any(_is_installer(command) for command in facts.commands(node))


def _installs(facts: Facts, run: nodes.Run) -> Iterator[str]:
    for command in facts.commands(run):
        actor = Actor(run, command, _quoted(facts, command))
        if actor.is_installer:
            record = f", and {actor.record}" if actor.record else ""
            yield f"{actor.text} may read or write the image's programs, libraries and settings{record}"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - MOST_FILES} more" if len(names) > MOST_FILES else ""
    return ", ".join(names[:MOST_FILES]) + more
