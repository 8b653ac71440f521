"""The files of the source tree that command lines, variables and the source itself name."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dockerlint.fixers.effects.footprint import commands, overlap
from dockerlint.lint.catalogue.name_patterns import matches_any
from dockerlint.lint.storage.lazy_regex import regex

from .draft import RefusedError, lies_in

if TYPE_CHECKING:
    from .draft import Draft
    from .split_plan import StageBuild
    from .stage_reader import Launch, Reading

# A word of a command line that names a file rather than a port, a level or an address.
FILE = regex(r"[\w.@+-]*/[\w./@+-]+|[\w@+-][\w.@+-]*\.[A-Za-z]\w{0,9}")
# What stands behind a quotation mark and may be a path.
QUOTED = regex(r"[\"'`]([\w@+./-]{1,200})")
PLAIN_FILE = regex(r"[\w./@+-]+")
PLAIN_PATH = regex(r"[\w./@+*?-]+")


def carry_data(plan: Draft, launches: list[Launch]) -> None:
    """Copies the files of the source tree that command lines, variables and the source itself name."""
    reading = plan.reading
    texts = [(word, launch.by[-1]) for launch in launches for word in launch.words]
    texts += [(value, reading.stage.from_) for value in reading.facts.final(reading.stage).env.values() if value and value[0] in "/."]
    for text, node in texts:
        value = text.rpartition("=")[2]
        if not FILE.fullmatch(value) or "//" in value:
            continue
        path = reading.path(value, node, reading.workdir())
        if path is not None and _stays_in_tree(plan, path):
            _carry_file(plan, path, value)
    _carry_mentioned(plan)


def carry_started(plan: Draft) -> None:
    """Copies the other programs of the build that its source names in quotes: one may start another."""
    reading, build = plan.reading, plan.build
    files = [item.path for item in build.products if not item.folder and PLAIN_FILE.fullmatch(item.path)]
    folders = [item for item in build.products if item.folder and not item.whole]
    others = [path for path in (*files, *build.made) if path not in plan.copies]
    if not build.sources or not (others or folders):
        return
    quoted = {path for text in reading.sources(build.folder, build.sources) for path in QUOTED.findall(text)}
    names = {posixpath.basename(path) for path in quoted}
    for path in others:
        if posixpath.basename(path) in names:
            plan.copies.setdefault(path, path)
    for path in sorted(quoted):
        unknown = path.startswith("/") and path not in plan.copies and path not in build.made
        if unknown and any(item.holds(path) and path.rstrip("/") != item.path for item in folders):
            raise RefusedError(f"the source names {path}, and dlint does not see the build create it")


def _stays_in_tree(plan: Draft, path: str) -> bool:
    """Whether a path lies in a source tree and nothing brings it along."""
    if any(item.holds(path) for item in plan.build.products) or path in plan.copies.values():
        return False
    if any(lies_in(path, item.rstrip("/")) for item in plan.kept if item.rstrip("/") not in plan.left):
        return False
    return any(lies_in(path, top) and path != top for top in plan.left)


def _carry_file(plan: Draft, path: str, name: str) -> None:
    reading = plan.reading
    context = reading.facts.context
    if context is None:
        raise RefusedError(f"dlint cannot tell without the build context whether {name} is a file of the source")
    if reading.context_path(path) is not None and PLAIN_PATH.fullmatch(path):
        plan.copies[path] = path


def _carry_mentioned(plan: Draft) -> None:
    """Files and folders beside the source that its texts name in quotes: the program looks for them when it runs."""
    reading, build = plan.reading, plan.build
    workdir = reading.workdir()
    if workdir is None or not build.sources:
        return
    names = {name.partition("/")[0] for name in reading.files(workdir) if _may_be_data(name, build)}
    for name in sorted(names & _mentioned(reading, workdir, build) if names else ()):
        path = posixpath.join(workdir, name)
        if not PLAIN_PATH.fullmatch(name) or not _stays_in_tree(plan, path):
            continue
        if any(overlap(path, folder) for folder in commands().system):
            raise RefusedError(f"{path} is also a system folder")
        plan.copies[path] = path


def _mentioned(reading: Reading, workdir: str, build: StageBuild) -> set[str]:
    """The first parts of all paths that a source names in quotes, as seen from the folder that the program runs in."""
    found = set()
    top = workdir.rstrip("/") + "/"
    for text in reading.sources(build.folder, build.sources):
        for path in QUOTED.findall(text):
            inside = path.removeprefix(top).removeprefix("./")
            found.add(inside.partition("/")[0])
    return found


def _may_be_data(name: str, build: StageBuild) -> bool:
    top = name.partition("/")[0]
    if top.startswith(".") or name.endswith((*build.sources, ".md")) or "Dockerfile" in name:
        return False
    return not matches_any(posixpath.basename(name), build.manifests)
