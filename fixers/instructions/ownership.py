"""Owner and mode of copied files: what a recursive chown or chmod does to them, the flags of their COPYs can do."""

from __future__ import annotations

import posixpath
import stat
from functools import cache
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from dockerlint.fixers.edits import delete_instruction, insert_flags, remove_command, remove_word, replace_word
from dockerlint.fixers.effects.footprint import ROOT, Clash, command_footprint, commands, footprint, overlap
from dockerlint.fixers.effects.precedence import REFERENCE, Kind, Precedence, destination, links
from dockerlint.fixers.inputs.image_paths import absolute
from dockerlint.lint.catalogue import tables
from dockerlint.lint.engine.findings import Applicability, Fix
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.shell.script import Command
    from dockerlint.lint.syntax.nodes import Copy, Instruction, Run, Stage, Word
    from dockerlint.lint.syntax.span import Edit

# The commands that are flags of COPY as well.
COMMANDS = ("chown", "chmod")
RECURSIVE = regex(r"--recursive|-[vfc]*R[vfc]*")
# Octal without the bits that chmod keeps or drops by itself; COPY --chmod knows no others in older builders.
MODE = regex(r"0?([0-7]{3})")
NAME = r"(?:[\w-]+|\$\w+|\$\{\w+\})"
OWNER = regex(rf"({NAME})?(?::({NAME}))?")
KNOWN = regex(r"[\w-]+")
# What BuildKit gives to the folders that it makes on the way, whatever --chmod says.
FOLDER_MODE = "755"
# Where distributions put nothing: software that they do not know goes there.
EMPTY = ("/opt", "/srv", "/usr/src")
HOMES = "/home"


class _Change(NamedTuple):
    """A recursive chown or chmod of one path; `value` is what the flag of COPY must be."""

    flag: str
    value: str
    path: str
    recursive: Word
    doubtful: bool


class _Found(NamedTuple):
    """The COPYs that brought all that lies at a path, whether an instruction made its folder before, and whether that is proven."""

    copies: tuple[Copy, ...]
    made: bool
    trust: Applicability


class _Obstacle(Exception):  # noqa: N818 - a reason, no error
    """Why there is no fix."""


def set_by_copy(facts: Facts, run: Run, command: Command) -> tuple[Fix | None, str]:
    """The fix that sets the owner or the mode at the COPY, or none, and why.

    The folder itself keeps a chown of its own where something else has made it: that copies no files.
    """
    try:
        return _fix(facts, run, command), ""
    except _Obstacle as reason:
        return None, str(reason)


def _fix(facts: Facts, run: Run, command: Command) -> Fix:
    change = _change(facts, run, command)
    found = _brought(facts, run, command, change)
    if change.flag == "chown":
        _check_owner(facts, run, command, change, found)
    else:
        _check_mode(facts, change, found)
    fresh = _is_fresh(facts, run, change.path)
    keep = found.made or not fresh or (change.flag == "chmod" and not change.value.endswith(FOLDER_MODE))
    edits = [insert_flags(facts.doc, copy, [f"--{change.flag}={change.value}"]) for copy in found.copies if not copy.flag(change.flag)]
    edits.append(_without_recursion(facts, change) if keep else _without(facts, run, command))
    sure = fresh and not change.doubtful and not _makes_more(facts, change, found)
    trust = min(found.trust, Applicability.SAFE if sure else Applicability.UNSAFE)
    return Fix(f"use `{found.copies[0].name} --{change.flag}={change.value}`", tuple(edits), trust)


# ---------------------------------------------------------------- the command


def _change(facts: Facts, run: Run, command: Command) -> _Change:
    """What a chown or chmod does, where COPY has a word for it."""
    script = facts.script(run)
    if script is None or script.heredoc or not script.chained or script.tests or run.flags or command.redirects or command.assignments:
        raise _Obstacle("the RUN is not a plain chain of commands")
    options = [word for word in command.arguments if word.text.startswith("-")]
    operands = [word for word in command.arguments if not word.text.startswith("-")]
    if len(options) != 1 or not RECURSIVE.fullmatch(options[0].text) or len(operands) != 2:
        raise _Obstacle(f"COPY cannot do all that this `{command.name}` does")
    before = _earlier(facts, run, command)
    value, place = operands
    if any(item.lasting for item in before) and not place.text.startswith("/"):
        raise _Obstacle("the RUN changes the folder before")
    path = facts.path(place.text, run)
    path = path.rstrip("/") if path else None
    if not path or any(overlap(path, other) for other in links(facts)):
        raise _Obstacle("dlint does not know which files these are")
    user = facts.state(run).user
    if user is not None and user.partition(":")[0] not in ROOT:
        raise _Obstacle("the RUN does not run as root")
    if command.name == "chmod":
        if not MODE.fullmatch(value.text):
            raise _Obstacle(f"COPY --chmod does not take `{value.text}`")
        return _Change("chmod", value.text, path, options[0], user is None)
    owner, doubtful = _owner(facts, run, value)
    if "$" in owner and any(item.lasting for item in before):
        raise _Obstacle(f"the script may change `{value.text}`")
    return _Change("chown", owner, path, options[0], doubtful or user is None)


def _owner(facts: Facts, run: Run, word: Word) -> tuple[str, bool]:
    """The owner as COPY wants it, user and group, and whether it is in doubt.

    chown leaves the group of `chown user` as COPY made it, root's; COPY --chown without a group takes another one.
    """
    match = OWNER.fullmatch(word.text)
    if match is None or not word.text or "'" in facts.doc.source(word.span):
        raise _Obstacle(f"dlint does not know the group of `{word.text}`" if word.text.endswith(":") else f"COPY --chown does not take `{word.text}`")
    env = facts.state(run).env
    doubtful = False
    for name in REFERENCE.findall(word.text):
        if name not in env:
            raise _Obstacle(f"dlint does not know the value of `${name}`")
        value = env[name]
        if value is not None and not KNOWN.fullmatch(value):
            raise _Obstacle(f"COPY --chown does not take `{value}`")
        doubtful |= value is None
    return f"{match[1] or '0'}:{match[2] or '0'}", doubtful


def _earlier(facts: Facts, run: Run, command: Command) -> list[Command]:
    return list(takewhile(lambda item: item is not command, facts.commands(run)))


# ---------------------------------------------------------------- the files


def _brought(facts: Facts, run: Run, command: Command, change: _Change) -> _Found:
    """The COPYs that brought what lies at the path, when nothing else did and nothing has worked with it since."""
    stage = facts.stage_of(run)
    steps = [*reversed(list(facts.before(run)))]
    copies: list[Copy] = []
    made, trust = False, Applicability.SAFE
    for node in steps:
        match node:
            case nodes.Copy():
                if _brings(facts, stage, node, change):
                    copies.append(node)
                    trust = min(trust, _plainness(facts, node))
            case nodes.Workdir():
                made |= _makes(facts, node, change.path)
            case nodes.Run():
                level, makes = _works(facts, node, change.path, bool(copies))
                made |= makes
                trust = min(trust, Applicability.SAFE if level is Clash.NONE else Applicability.UNSAFE)
            case nodes.Volume() if _meets(facts, node, change.path):
                raise _Obstacle(f"line {facts.doc.line(node.span.start)} makes it a volume")
            case nodes.Onbuild() if node not in stage.instructions:
                raise _Obstacle("the stage has ONBUILD triggers")
            case nodes.Bad():
                raise _Obstacle("dlint does not understand an earlier line")
            case _:
                pass
    if any(command_footprint(facts, run, item).at(change.path) for item in _earlier(facts, run, command)):
        raise _Obstacle("the same RUN works with the files first")
    if all(copy.flag(change.flag) for copy in copies):
        raise _Obstacle("no COPY brings exactly these files")
    return _Found(tuple(copies), made, trust)


def _brings(facts: Facts, stage: Stage, copy: Copy, change: _Change) -> bool:
    """Whether a COPY brings files to a path that change, and nothing to other places."""
    target = destination(facts, copy)
    line = facts.doc.line(copy.span.start)
    if target is None:
        raise _Obstacle(f"dlint does not know where line {line} copies to")
    if not overlap(target, change.path):
        return False
    if not (target + "/").startswith(change.path + "/"):
        raise _Obstacle(f"line {line} copies to other places too")
    if isinstance(copy, nodes.Add) or copy.heredocs or copy.flag("link") or copy.flag("parents"):
        raise _Obstacle(f"line {line} is more than a plain COPY")
    if copy not in stage.instructions:
        raise _Obstacle(f"line {line} belongs to another stage")
    flag = copy.flag(change.flag)
    if flag is not None and flag.value != change.value:
        raise _Obstacle(f"line {line} has another --{change.flag}")
    return True


def _plainness(facts: Facts, copy: Copy) -> Applicability:
    """SAFE for files without the bits that chown takes away and COPY --chown keeps."""
    if copy.from_ is not None:
        return Applicability.UNSAFE
    if facts.context is None:
        return Applicability.SAFE
    for word in copy.paths:
        for name in facts.context.select(word.text):
            mode = facts.context.mode(name)
            if mode is None or mode & (stat.S_ISUID | stat.S_ISGID):
                return Applicability.UNSAFE
    return Applicability.SAFE


def _makes(facts: Facts, node: nodes.Workdir, path: str) -> bool:
    """Whether a WORKDIR makes the folder, so that COPY finds it."""
    folder = facts.path(node.argument.text, node)
    if folder is None:
        raise _Obstacle(f"dlint does not know the folder of line {facts.doc.line(node.span.start)}")
    if (folder.rstrip("/") + "/").startswith(path + "/"):
        if folder.rstrip("/") != path:
            raise _Obstacle(f"line {facts.doc.line(node.span.start)} makes a folder in it")
        return True
    return False


def _works(facts: Facts, run: Run, path: str, copied: bool) -> tuple[Clash, bool]:
    """How likely a RUN works with what lies at a path, and whether it makes the folder."""
    touched = footprint(facts, run)
    level, where = touched.where(path)
    if level is Clash.NONE or _changes_accounts_only(facts, run, path):
        return (Clash.POSSIBLE if level else Clash.NONE), False
    if _only_makes(facts, run, path):
        return Clash.NONE, True
    # what cannot be read may do anything, but what is copied later is not there yet
    if level is Clash.CERTAIN and (copied or where):
        raise _Obstacle(f"line {facts.doc.line(run.span.start)} works with it as well")
    return Clash.POSSIBLE, False


def _only_makes(facts: Facts, run: Run, path: str) -> bool:
    """Whether a RUN does no more at a path than make it: by `mkdir` of it, or of a folder above."""
    script = facts.script(run)
    if script is None or not script.chained or script.tests or run.flags:
        return False
    workdir = facts.state(run).workdir
    makes = False
    for command in script.commands:
        if not command_footprint(facts, run, command).at(path):
            continue
        if command.name != "mkdir" or command.redirects:
            return False
        for word in command.arguments:
            folder = absolute(word.text, workdir) if not word.text.startswith("-") else "/"
            if folder is None or (overlap(folder, path) and not (path + "/").startswith(folder.rstrip("/") + "/")):
                return False
            makes |= folder == path
    return makes


def _changes_accounts_only(facts: Facts, run: Run, path: str) -> bool:
    """Whether a RUN meets a path only where it makes users, who may be given a home there."""
    known = commands()
    meeting = [item for item in facts.commands(run) if command_footprint(facts, run, item).at(path)]
    return bool(meeting) and all(item.name in known.accounts for item in meeting)


def _meets(facts: Facts, node: nodes.Volume, path: str) -> bool:
    folders = [facts.path(word.text, node) for word in node.words]
    return any(folder is None or overlap(folder, path) for folder in folders)


# ---------------------------------------------------------------- proofs


def _check_owner(facts: Facts, run: Run, command: Command, change: _Change, found: _Found) -> None:
    """Whether the owner is known at the first COPY already: COPY looks names up in what the image holds then."""
    first = min(copy.span.start for copy in found.copies)
    between = [node for node in facts.stage_of(run).instructions if first < node.span.start < run.span.start]
    names = set(REFERENCE.findall(change.value))
    for node in between:
        if isinstance(node, nodes.Env | nodes.Arg) and any(pair.key.text in names for pair in node.pairs):
            raise _Obstacle(f"line {facts.doc.line(node.span.start)} sets the owner after the COPY")
    if all(part.isdecimal() for part in change.value.split(":")):
        return
    relation = Precedence(facts)
    for node in between:
        if (Kind.ACCOUNT, "") in relation.effects(node).writes or _installs(facts, node) or _brings_accounts(facts, node):
            raise _Obstacle(f"the user of line {facts.doc.line(node.span.start)} must exist before the COPY")
    if any(item.name in commands().accounts for item in _earlier(facts, run, command)):
        raise _Obstacle("the user must exist before the COPY")


def _installs(facts: Facts, node: Instruction) -> bool:
    """Whether a RUN installs packages of the distribution, which may bring users."""
    if not isinstance(node, nodes.Run):
        return False
    return any(item.tool.kind == "system" and item.action in ("install", "upgrade") for item in facts.invocations(node))


def _brings_accounts(facts: Facts, node: Instruction) -> bool:
    if not isinstance(node, nodes.Copy):
        return False
    target = destination(facts, node)
    return target is None or overlap(target, "/etc")


def _check_mode(facts: Facts, change: _Change, found: _Found) -> None:
    """Whether COPY --chmod reaches all folders: those that it makes on the way have a mode of their own."""
    if facts.settings.builder != "buildkit":
        raise _Obstacle(f"the {facts.settings.builder} builder has no COPY --chmod")
    if change.value.endswith(FOLDER_MODE):
        return
    for copy in found.copies:
        target = destination(facts, copy) or ""
        on_the_way = copy.destination.text.endswith("/") or len(copy.sources) > 1
        if target != change.path and (on_the_way or posixpath.dirname(target) != change.path):
            raise _Obstacle(f"line {facts.doc.line(copy.span.start)} makes folders with a mode of their own")


def _makes_more(facts: Facts, change: _Change, found: _Found) -> bool:
    """Whether COPY may make folders above the path, which it would give to the owner as well; or is not known to be BuildKit's."""
    if facts.settings.builder != "buildkit":
        return True
    if change.flag == "chmod" or found.made:
        return False
    relation = Precedence(facts)
    tops = [relation.effects(copy).made or "/" for copy in found.copies]
    return any(not (top + "/").startswith(change.path + "/") for top in tops)


def _is_fresh(facts: Facts, run: Run, path: str) -> bool:
    """Whether the base image surely has nothing at a path."""
    base = facts.base_of(run)
    if base is None or base.repository not in _images() or "onbuild" in (base.tag or ""):
        return False
    known = commands()
    taken = (*_images()[base.repository], *known.system)
    if any(overlap(path, other) for other in taken) or any((other + "/").startswith(path + "/") for other in known.sometimes_system):
        return False
    above = [other for other in known.sometimes_system if path.startswith(other + "/")]
    return not above or path.startswith(tuple(other + "/" for other in EMPTY)) or (path.startswith(HOMES + "/") and path.count("/") > 2)


@cache
def _images() -> dict[str, list[str]]:
    """The images of `lint/catalogue/data/ownership.toml` with the folders that they bring."""
    images: dict[str, list[str]] = tables.table("lint/catalogue/data/ownership.toml")["images"]
    return images


# ---------------------------------------------------------------- edits


def _without_recursion(facts: Facts, change: _Change) -> Edit:
    text = change.recursive.text.replace("R", "")
    if change.recursive.text.startswith("--") or text == "-":
        return remove_word(facts.doc, change.recursive.span)
    return replace_word(change.recursive, text)


def _without(facts: Facts, run: Run, command: Command) -> Edit:
    if len(facts.commands(run)) == 1:
        return delete_instruction(facts.doc, run)
    script = facts.script(run)
    edit = remove_command(facts.doc, script, command) if script else None
    if edit is None:
        raise _Obstacle("a comment is in between")
    return edit
