"""DF204: a downloaded archive stays in the layer after it is unpacked."""

from __future__ import annotations

import posixpath
import re
from itertools import islice
from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.fixers.edits import append_command, can_append
from dockerlint.fixers.effects.footprint import Clash, command_footprint
from dockerlint.fixers.effects.footprint import commands as known
from dockerlint.fixers.refusal import Refusal, answered
from dockerlint.lint.analysis.downloads import Download, downloads, fetchers
from dockerlint.lint.catalogue.name_patterns import matches
from dockerlint.lint.catalogue.tool import removed_paths, strip_glob, unwrapped
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.shell.script import SHELLS
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.shell.script import Command, Script
    from dockerlint.lint.syntax.nodes import Dockerfile, Instruction, Run

# Commands that take files out of an archive or a package and leave it where it is.
UNPACKERS = frozenset(
    {"tar", "bsdtar", "unzip", "7z", "7za", "7zr", "unrar", "cpio", "ar", "jar", "dpkg", "rpm", "gdebi", "busybox"}
)
INSTALLERS = frozenset({"apt-get", "apt", "dnf", "yum", "zypper", "apk", "pip", "pip3", "microdnf", "tdnf"})
ARCHIVE = regex(
    r"\.(?:tar(?:\.\w+)?|t[gbx]z2?|tbz|zip|7z|rar|jar|deb|rpm|apk|whl|run|bin|iso|gz|xz|bz2|zst)\Z", re.IGNORECASE
)
# What deletes files that its words do not name.
UNCLEAR = regex(r"\b(?:trap|xargs|eval)\b|-exec(?:dir)?\b|-delete\b")
# How many downloads of a script are followed: more than anybody writes by hand.
MOST = 50
# What shows or takes all that lies in a folder.
LOOKING = frozenset({"ls", "dir", "tree", "find", "tar", "rsync", "cp", "du", "zip"})
STATIC = regex(r"[\w./+,=@-]+\Z")


class _Fetched(Struct, frozen=True):
    """A download with the folder its command runs in, relative to the RUN's; None when that is not known."""

    download: Download
    path: str
    folder: str | None


@rule(name="download-left-behind", severity=Severity.WARNING, needs=tuple(fetchers()))
def download_left_behind(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A downloaded archive stays in the layer after it is unpacked.

    The image holds everything twice: the files and their archive. Only the RUN that downloads the archive can delete it; a
    later one frees nothing.

    ```dockerfile bad
    FROM debian:bookworm-slim
    WORKDIR /opt
    RUN curl -fsSLO https://example.com/tool-1.2.tar.gz && tar -xzf tool-1.2.tar.gz
    ```

    ```dockerfile fixed
    FROM debian:bookworm-slim
    WORKDIR /opt
    RUN curl -fsSLO https://example.com/tool-1.2.tar.gz && tar -xzf tool-1.2.tar.gz && rm tool-1.2.tar.gz
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    WORKDIR /opt
    RUN curl -fsSL https://example.com/tool-1.2.tar.gz | tar -xz
    ```

    **Fix safety:** safe when the script is a plain chain, the path is plain and nothing else in the file names the archive;
    otherwise unsafe, or there is none.

    **Source:** Docker's guide on best practices, RUN.
    """
    for stage in doc.stages:
        if facts.ships(stage):
            for run in stage.all(nodes.Run):
                yield from _check(facts, stage, run)


def _check(facts: Facts, stage: nodes.Stage, run: Run) -> Iterator[Finding]:
    script = facts.script(run)
    if script is None or not script.sound:
        return
    for item in islice(_fetched(script.commands), MOST):
        name = posixpath.basename(item.path)
        unpacker = _unpacker(script.commands, item)
        if unpacker is None or _goes(facts, run, script.commands, item, name):
            continue
        path = facts.path(posixpath.join(item.folder or "", item.path), run)
        if path is not None and facts.mounted(run, path):
            continue
        if _named_later(facts, stage, run, name):
            continue
        message = f"`{name}` stays in the layer after `{unpacker.name}` unpacks it"
        yield answered(item.download.command.span, message, _fix(facts, run, item, name))


def _fetched(commands: tuple[Command, ...]) -> Iterator[_Fetched]:
    """The archives that a script fetches to files."""
    for found in downloads(commands):
        target = found.target
        if target is None or found.command.before in ("|", "|&") or len(found.urls) > 1:
            continue
        if ARCHIVE.search(target):
            yield _Fetched(found, target, _folder(commands, found.command))


def _folder(commands: tuple[Command, ...], at: Command) -> str | None:
    """Where a command runs, relative to the folder the script starts in; None when a `cd` cannot be followed."""
    folder = ""
    for command in commands:
        if command is at:
            return folder
        if command.name in ("cd", "pushd", "popd"):
            words = command.arguments
            if (
                command.name != "cd"
                or command.within
                or len(words) != 1
                or "$" in words[0].text
                or words[0].text == "-"
            ):
                return None
            folder = posixpath.normpath(posixpath.join(folder, words[0].text))
    return None


def _unpacker(commands: tuple[Command, ...], item: _Fetched) -> Command | None:
    """The command that takes the files out of the archive."""
    name = posixpath.basename(item.path)
    for command in commands:
        words = unwrapped(command.words)
        tool = words[0].text.rsplit("/", 1)[-1] if words else ""
        if command.span.start <= item.download.command.span.start:
            continue
        if tool in UNPACKERS or tool in INSTALLERS:
            for word in words[1:]:
                path = word.text.rpartition("=")[2]
                if posixpath.basename(path) == name or ("*" in path and matches(name, posixpath.basename(path))):
                    return command
    return None


def _goes(facts: Facts, run: Run, commands: tuple[Command, ...], item: _Fetched, name: str) -> bool:
    """Whether the archive may be gone at the end of the RUN: deleted, moved, or something that cannot be told."""
    text = facts.doc.source(run.span)
    if UNCLEAR.search(text):
        return True
    for command in commands:
        if command.span.start < item.download.command.span.start:
            continue
        words = unwrapped(command.words)
        tool = words[0].text.rsplit("/", 1)[-1] if words else ""
        if tool in ("mv", "shred", "unlink") and any(_may_be(word.text, item, name) for word in words[1:]):
            return True
        if tool in SHELLS and any("rm " in word.text for word in words):
            return True
        if any(_may_be(path, item, name) for path, _ in removed_paths([command])):
            return True
    return False


def _may_be(path: str, item: _Fetched, name: str) -> bool:
    """Whether what is removed may be the archive, or a folder that it lies in; in doubt it is."""
    if path.startswith("$") and "/" not in path:
        return True
    last = posixpath.basename(path)
    if last == name or matches(name, last) or matches(item.path, path):
        return True
    full = posixpath.normpath(posixpath.join("/", item.folder or "", item.path))
    removed = path if path.startswith("/") else posixpath.join("/", item.folder or "", path)
    if full.startswith(posixpath.normpath(removed).rstrip("/") + "/"):
        return True
    # a relative name may be any folder above, and a variable may be anything
    parents = full.split("/")[:-1]
    return last in parents or "$" in path or ".." in path or item.folder is None


def _named_later(facts: Facts, stage: nodes.Stage, run: Run, name: str) -> bool:
    """Whether a later instruction names the archive, or deletes what it may lie in."""
    pieces = (node for node in stage.instructions if node.span.start > run.span.start)
    return any(name in facts.doc.source(node.span) for node in pieces)


def _fix(facts: Facts, run: Run, item: _Fetched, name: str) -> Fix | Refusal:
    script = facts.script(run)
    if script is None or item.folder is None:
        return Refusal("the folder that it is fetched to is not known: delete it by its whole path")
    if not STATIC.match(item.path):
        return Refusal(f"a shell decides what `{name}` means: add `rm` of it behind the command that unpacks it")
    if not _can_follow(script):
        return Refusal("no `rm` can follow this script: end it with a plain command joined by `&&`")
    path = item.path
    if not path.startswith("/") and _folder_at_end(script.commands) != item.folder:
        absolute = facts.path(posixpath.join(item.folder, path), run)
        if absolute is None or not STATIC.match(absolute):
            return Refusal("the folder that it is fetched to is not known: delete it by its whole path")
        path = absolute
    others = facts.doc.text[: run.span.start] + facts.doc.text[run.span.end :]
    safe = (
        script.chained
        and name not in others
        and not item.download.command.within
        and not _reached(facts, run, posixpath.join("/", facts.path(posixpath.join(item.folder, item.path), run) or item.path))
    )
    edit = append_command(facts.doc, script, f"rm {path}")
    return Fix(f"delete `{path}` in the same RUN", (edit,), Applicability.SAFE if safe else Applicability.UNSAFE)


def _reached(facts: Facts, run: Run, path: str) -> bool:
    """Whether a command takes in the archive by a pattern, by its folder or by a link: in its RUN links do, later all, in this
    stage and in those that are FROM it; or whether another stage copies its folder, or the container looks into folders.
    """
    # most files leave no archive behind
    from dockerlint.fixers.inputs.runtime_command import started

    if any(command.name == "ln" for command in facts.commands(run)):
        return True
    stage = facts.stage_of(run)
    family = [stage, *facts.graph.descendants(stage)]
    if any(not LOOKING.isdisjoint(started(facts, item).words) for item in family):
        return True
    if any(_copies(node, path) for other in facts.doc.stages for node, _, source in facts.graph.sources(other) if source in family):
        return True
    for node in (node for item in family for node in item.instructions):
        if isinstance(node, nodes.Onbuild):
            return True
        if not isinstance(node, nodes.Run) or node.span.start <= run.span.start:
            continue
        moved = any(command.name == "cd" for command in facts.commands(node))
        for command in facts.commands(node):
            if moved and any(char in word.text for word in command.arguments for char in "*?["):
                return True
            # what the words of other commands mean is not known
            if command.name in known().plain and command_footprint(facts, node, command).at(path) is not Clash.NONE:
                return True
    return False


def _copies(node: Instruction, path: str) -> bool:
    """Whether an instruction that takes files from a stage may take one of them."""
    if not isinstance(node, nodes.Copy):
        return True
    folders = (strip_glob(posixpath.join("/", word.text)) for word in node.paths)
    return any("$" in folder or f"{path}/".startswith(f"{folder.rstrip('/')}/") for folder in folders)


def _can_follow(script: Script) -> bool:
    """Whether an `rm` may be put behind a script: a change of folder makes no difference to it."""
    return can_append(script) or (script.chained and all(item.name == "cd" for item in script.commands if item.lasting))


def _folder_at_end(commands: tuple[Command, ...]) -> str | None:
    """Where a script ends, relative to where it starts."""
    folder: str | None = ""
    for command in commands:
        if command.name in ("cd", "pushd", "popd"):
            words = command.arguments
            if (
                command.name != "cd"
                or command.within
                or len(words) != 1
                or "$" in words[0].text
                or words[0].text == "-"
            ):
                return None
            folder = posixpath.normpath(posixpath.join(folder or "", words[0].text))
    return folder
