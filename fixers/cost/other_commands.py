"""Commands of a script that are no tools of the catalogue: downloads, archives, clones, compilers, and small ones."""

from __future__ import annotations

import posixpath
import re
from itertools import pairwise
from typing import TYPE_CHECKING

from dockerlint.lint.storage.lazy_regex import regex

from .bounded import ZERO, Amount, share
from .compiles import lines, source_bytes
from .layer_contents import within
from .tool_figures import amount
from .work_recipes import commands, downloads, effects

if TYPE_CHECKING:
    from dockerlint.lint.shell.script import Command

    from .run_work import CommandReader

SAVES = regex(r"--output|--remote-name|-[A-Za-z]*[oO]")
PRINTS = regex(r"-[A-Za-z]*O-?|--output-document=-")
TARGET = regex(r"(?:--output|--output-document)(?:=(.+))?|-[A-NP-Za-np-z]*[oO](.*)", re.DOTALL)
# Where an archive is unpacked: tar's and unzip's option, with its value in the next word or in the same one.
FOLDER = regex(r"(?:-C|-d|--directory|--output-dir|-P|--directory-prefix)(?:=?(.+))?", re.DOTALL)
EXTRACTS = regex(r"-?[a-wyzA-Z]*x[a-zA-Z]*|--(?:extract|get)")
# The option of tar before the archive's name.
INTO = regex(r"-?[a-eg-zA-Z]*f|--file")
# What may run without compiling anything.
# The files that C and C++ compilers are given.
C_SOURCES = (".c", ".cc", ".cpp", ".cxx")
CLEANS = frozenset(("clean", "distclean", "mrproper"))
CLONE_VALUES = frozenset(
    ("-b", "--branch", "--depth", "-c", "--config", "-o", "--origin", "-j", "--jobs", "--reference")
)


def run(script: CommandReader, name: str, texts: list[str], command: Command) -> bool:
    """Records what a command does; whether it is one that is known."""
    known = commands()
    if name in known.launchers and (rest := [text for text in texts if not text.startswith("-")]):
        # the program that it runs is one of the project's
        at = texts.index(rest[0])
        name, texts = rest[0].rpartition("/")[2], texts[at + 1 :]
    first = f"{name} {texts[0]}" if texts else name
    if name in known.fetch:
        _fetch(script, name, texts, command)
    elif name in known.archive:
        return _unpack(script, name, texts, command)
    elif first.startswith("git clone"):
        _clone(script, texts[1:])
    elif name in known.compile:
        _compile(script, texts)
    elif first in known.small or name in known.small:
        return True
    elif first in known.settled or name in known.settled:
        script.work.add(amount("command.settled"))
    elif first in known.interpreted:
        script.put(None, amount("command.written"))
        script.work.add(amount("command.interpreted"))
    elif name in known.configure:
        script.put(script.folder, amount("configure.adds"))
        script.work.add(amount("configure.seconds"))
    elif first in effects() or name in effects():
        _effect(script, first, name, texts)
    else:
        return _script(script, name, texts, command)
    return True


# --- downloads


def _fetch(script: CommandReader, name: str, texts: list[str], command: Command) -> None:
    """A download: its bytes stay where they are written, or go to the next command of a pipeline."""
    addresses = [text for text in texts if "://" in text] or [text for text in texts if "$" in text] or [""]
    if _only_prints(name, texts, command):
        script.piped = True
        script.work.add(amount("download.seconds"), amount("download.small"))
        return
    target = _target(texts)
    folder = script.path(_value(texts, FOLDER) or ".")
    for address in addresses:
        size = amount(_size_of(target or address))
        path = script.path(target) if target else posixpath.join(folder, posixpath.basename(address.partition("?")[0]))
        script.put(None if command.redirects and not target else path, size, packed=True)
        script.work.add(amount("download.seconds"), size)


def _target(texts: list[str]) -> str | None:
    """The file that an option names; None where the address does."""
    for place, text in enumerate(texts):
        match = TARGET.fullmatch(text)
        if match is None or (text in ("-O", "--remote-name") and not _is_file(texts, place)):
            continue
        named = match[1] or match[2] or (texts[place + 1] if place + 1 < len(texts) else "")
        if named and not named.startswith("-") and "://" not in named:
            return named
    return None


def _is_file(texts: list[str], place: int) -> bool:
    """Whether what follows an option is a file's name: wget's `-O` takes one, curl's does not."""
    following = texts[place + 1] if place + 1 < len(texts) else ""
    return bool(following) and "://" not in following and not following.startswith(("-", "$"))


def _size_of(address: str) -> str:
    """The figure for a download by the ending of its name."""
    name = address.partition("?")[0].partition("#")[0].rstrip("}\"'")
    small, archives = downloads()
    if name.endswith(small):
        return "download.small"
    return "download.archive" if name.endswith(archives) else "download.file"


def download_size(address: str) -> Amount:
    """The bytes of a download that is not at hand, by the end of its address; a repository's is that of a clone."""
    if address.partition("#")[0].endswith(".git"):
        return amount("source.clone")
    return amount(_size_of(address))


def _only_prints(name: str, texts: list[str], command: Command) -> bool:
    """Whether a download goes to the next command of a pipeline, not to a file."""
    if command.redirects:
        return False
    if name == "wget":
        return any(PRINTS.fullmatch(text) for text in texts)
    return name == "curl" and not any(SAVES.match(text) for text in texts)


# --- archives


def _unpack(script: CommandReader, name: str, texts: list[str], command: Command) -> bool:
    """What an archive holds; one that is not at hand is taken for a download of that kind."""
    if name in ("tar", "bsdtar", "jar") and not any(EXTRACTS.fullmatch(text) for text in texts[:2]):
        # it makes an archive, or lists one
        if any(text.lstrip("-").startswith("t") for text in texts[:1]):
            return True
        _pack(script, texts)
        return True
    if name in ("gzip", "xz", "bzip2", "zip", "zstd") and not any(text.startswith("-d") for text in texts):
        script.put(None, amount("command.written"))
        script.work.add(amount("command.settled"))
        return True
    packed = _packed(script, texts)
    if packed is None:
        packed = amount("download.archive")
        if script.piped and "pipeline" in command.within:
            script.work.add(ZERO, packed)
    script.piped = False
    unpacked = share(packed, amount("archive.unpacked"))
    script.put(script.path(_value(texts, FOLDER) or "."), unpacked)
    script.work.add(share(unpacked, amount("archive.seconds")) * 1e-6)
    return True


def _pack(script: CommandReader, texts: list[str]) -> None:
    """An archive of what is named and is there; of a few kilobytes where nothing of it is known."""
    folder = _value(texts, FOLDER) or "."
    target = next((after for text, after in pairwise(texts) if INTO.fullmatch(text)), None)
    rest = [text for text in texts if not text.startswith("-") and text not in (target, folder)]
    paths = [script.path(posixpath.join(folder, text)) for text in rest]
    inside = [entry.size for path in paths for entry in script.ledger.below(path) if not entry.files]
    inside += [
        Amount.exact(float(file.size))
        for path in paths
        for entry in script.ledger.entries
        for name, file in (entry.files or {}).items()
        if within(name, path)
    ]
    size = share(sum(inside, ZERO), amount("archive.packed")) if inside else amount("command.written")
    script.put(script.path(target) if target else None, size, packed=True)
    script.work.add(amount("command.settled"))


def _packed(script: CommandReader, texts: list[str]) -> Amount | None:
    """The bytes of the archives that are named and are there."""
    found = []
    for text in texts:
        path = script.path(text)
        file = script.ledger.find(path)
        if file is not None:
            found.append(Amount.exact(float(file.size)))
        elif not text.startswith("-"):
            found += [entry.size for entry in script.ledger.entries if entry.path == path and entry.packed]
    return sum(found, ZERO) if found else None


def _value(texts: list[str], option: re.Pattern[str]) -> str | None:
    """The value of an option, in the same word or in the next."""
    for place, text in enumerate(texts):
        match = option.fullmatch(text)
        if match is not None:
            return match[1] or (texts[place + 1] if place + 1 < len(texts) else None)
    return None


# --- others


def _clone(script: CommandReader, texts: list[str]) -> None:
    operands = []
    rest = iter(texts)
    for text in rest:
        if text in CLONE_VALUES:
            next(rest, None)
        elif not text.startswith("-"):
            operands.append(text)
    source = operands[0] if operands else ""
    target = operands[1] if len(operands) > 1 else posixpath.basename(source).removesuffix(".git")
    size = amount("source.clone")
    script.put(script.path(target or "."), size)
    script.work.add(amount("download.seconds"), share(size, amount("source.clone_download")))


def _compile(script: CommandReader, texts: list[str]) -> None:
    if texts and CLEANS.issuperset(text for text in texts if not text.startswith("-")):
        script.work.add(amount("command.settled"))
        return
    if not source_bytes(script, C_SOURCES):
        script.put(script.folder, amount("compile.c_adds"))
        script.work.add(amount("compile.c"))
        return
    count = lines(script, C_SOURCES)
    script.put(script.folder, amount("compile.c_program") + count.times(amount("compile.c_line_adds")))
    script.work.add(amount("compile.c_start") + count.times(amount("compile.c_line")))


def _effect(script: CommandReader, first: str, name: str, texts: list[str]) -> None:
    effect = effects().get(first) or effects()[name]
    operands = [text for text in texts[first in effects() :] if not text.startswith("-")]
    count = max(len(operands), 1) if effect.each else 1
    if effect.adds:
        output = next((_after(texts, option) for option in effect.output if option in texts), None)
        script.put(script.path(output) if output else None, amount(effect.adds) * count)
    seconds = amount(effect.seconds) * count
    if effect.line:
        seconds += lines(script, effect.sources).times(amount(effect.line))
    script.work.add(seconds, amount(effect.download) * count if effect.download else ZERO)


def _after(texts: list[str], option: str) -> str | None:
    at = texts.index(option) + 1
    return texts[at] if at < len(texts) else None


def _script(script: CommandReader, name: str, texts: list[str], command: Command) -> bool:
    """A script that was downloaded and is run: an installer, most often. Any other one is not known."""
    operands = [text for text in texts if not text.startswith("-")]
    if name in commands().shells:
        if "-c" in texts:
            return False
        if not operands and script.piped and "pipeline" in command.within:
            script.piped = False
            _install(script)
            return True
        return bool(operands) and _run_file(script, operands[0])
    return _run_file(script, command.words[0].text)


def _run_file(script: CommandReader, text: str) -> bool:
    path = script.path(text)
    if script.ledger.find(path) is not None:
        return False
    if not any(entry.path == path and entry.packed for entry in script.ledger.entries):
        return False
    _install(script)
    return True


def _install(script: CommandReader) -> None:
    script.put(None, amount("installer.adds"))
    script.work.add(amount("installer.seconds"), amount("installer.download"))
