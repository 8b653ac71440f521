"""The files that a script of the project reads: those that it names, and those that these name in turn."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dockerlint.lint.storage.lazy_regex import regex

from .manifest import Doubt

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from .manifest import Manifest

# More files than this is no script that an install calls.
MOST_FILES = 30
RUNTIMES = frozenset({"node", "sh", "bash", "ash", "dash"})
JAVASCRIPT = (".js", ".cjs", ".mjs", ".json")
SHELL = (".sh", ".bash")
# Modules that a program of Node takes from its own folder.
MODULE = regex(r"""(?:\brequire\s*\(\s*|\bfrom\s+|\bimport\s*\(?\s*)["'](\.{1,2}/[^"'`$]*|\.{1,2})["']""")
# What may read anything: modules by a name that is worked out, files, other programs.
JAVASCRIPT_READS = regex(
    r"""(?x)["'](?:node:)?(?:fs|fs/promises|child_process|worker_threads|module|vm)["']|\brequire\s*\(\s*(?!["'])|\bimport\s*\(\s*(?!["'])
    |\brequire\.resolve|\bcreateRequire|\bprocess\.(?:cwd|chdir|dlopen|binding)|\b(?:fs-extra|glob|globby|execa|shelljs|cross-spawn)\b"""
)
# What a shell's script may read without a word that is a path of the project: other programs' files, patterns, what variables hold.
SHELL_READS = regex(r"[*?`$]|\b(?:cd|find|xargs|eval|source|make|npm|yarn|pnpm|npx|node|git|tar|python\d*)\b|(?m:^\s*\.\s)")
SHELL_WORD = regex(r"[\w./@+-]+")
# What lets an install pass whose scripts look at the source.
AFTER_COPY = ", which may need the source: install with `--ignore-scripts`, and run it after the copy"


def script_files(manifest: Manifest, command: str) -> Iterator[str | Doubt]:
    """What a command such as `node scripts/post.js` or `sh setup.sh` reads of a manifest's folder.

    The doubt that ends it says that nobody can tell; `fails` where the command does not work with the files alone.
    """
    words = command.split()
    path = next((word for word in words[1:] if not word.startswith("-")), None) if words[0] in RUNTIMES else words[0]
    doubt = f"{manifest.path} runs `{command if len(command) <= 40 else command[:37] + '...'}`"
    start = next((name for name in _names(path or "") if path and manifest.at(name) in manifest.context.files), None)
    if start is None or (words[0] not in RUNTIMES and not words[0].startswith("./")):
        yield Doubt(f"{doubt}{AFTER_COPY}", fails=True)
        return
    found: dict[str, None] = {}
    todo = [manifest.at(start)]
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found[name] = None
        text = manifest.context.read(name)
        more = None if text is None or len(found) > MOST_FILES else _read_by(manifest, name, text)
        if more is None:
            yield Doubt(f"{doubt}{AFTER_COPY}", fails=True)
            return
        todo += more
    yield from found
    yield Doubt(doubt)


def _read_by(manifest: Manifest, name: str, text: str) -> list[str] | None:
    """The files of the context that a script names; None when it may read others."""
    files = manifest.context.files
    if name.endswith(JAVASCRIPT):
        return None if JAVASCRIPT_READS.search(text) else _modules(files, posixpath.dirname(name), MODULE, text)
    if not name.endswith(SHELL) and not text.startswith("#!"):
        return []
    if SHELL_READS.search(_without_comments(text)):
        return None
    words = {manifest.at(word) for word in SHELL_WORD.findall(text)}
    return sorted(word for word in words if word in files)


def _modules(files: dict[str, int], folder: str, pattern: re.Pattern[str], text: str) -> list[str] | None:
    """The modules that a program takes; None where one of them is not there."""
    found = []
    for module in pattern.findall(text):
        path = posixpath.normpath(posixpath.join(folder, module))
        place = next((name for name in _names(path) if name in files), None)
        if place is None:
            return None
        found.append(place)
    return found


def _names(path: str) -> Iterator[str]:
    """The files that Node tries for a module's path."""
    yield path
    for suffix in JAVASCRIPT:
        yield path + suffix
    for suffix in JAVASCRIPT:
        yield posixpath.join(path, f"index{suffix}")


def _without_comments(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
