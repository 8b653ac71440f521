"""What build tools do besides fetching packages: compile them, compile the project, and leave results."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec.json import decode

from dockerlint.lint.catalogue.basis import Basis
from dockerlint.lint.storage.lazy_regex import regex

from .bounded import ZERO, Amount
from .registry_packages import listed
from .tool_figures import amount
from .work_recipes import commands

if TYPE_CHECKING:
    from dockerlint.lint.catalogue.tool import Invocation

    from .run_work import CommandReader
    from .work_recipes import Compile, WorkRecipe

# What stands between the commands of a manifest's script, and programs in one that copy or write files.
BETWEEN = regex(r"&&|\|\||[;|]")
LIGHT = frozenset(("cp", "mv", "rimraf", "mkdirp", "copyfiles", "cpx", "shx", "cross-env"))
# Stands among the names of what lies in a folder of results: the dependencies are compiled there.
COMPILED = "compiled dependencies"


def dependencies(script: CommandReader, invocation: Invocation, known: WorkRecipe, compiling: Compile) -> None:
    """An install that compiles: of a project's dependencies, or of a program from the registry."""
    if invocation.subcommand not in compiling.tools_by:
        script.locked(invocation, known)
        _compile_packages(script, known, compiling)
        return
    if invocation.has(["--path"]):
        project(script, invocation, known, compiling)
        return
    programs = max(len(invocation.packages), 1)
    count = amount(known.project_packages) * programs
    size = count.times(amount(known.installed))
    into = script.path(known.into)
    script.put(into, size, cache=True)
    seconds = count.times(amount(known.seconds) + amount(compiling.dependencies))
    script.work.add(seconds, size.times(amount(known.download)), cached=script.cached(into), warm=seconds)
    script.put(script.path(compiling.tools_into), amount(compiling.tools_adds) * programs)


def project(script: CommandReader, invocation: Invocation, known: WorkRecipe, compiling: Compile) -> None:
    """A build: it fetches what no earlier step has, compiles the dependencies where none has, then the project."""
    if known.into_cache:
        script.locked(invocation, known)
    elif known.start:
        script.work.add(amount(known.start))
    if compiling.dependencies:
        _compile_packages(script, known, compiling)
    if _is_light(script, invocation, compiling):
        script.work.add(amount("command.interpreted"))
        script.put(script.path(compiling.into), amount("command.written"))
        return
    seconds = amount(compiling.project)
    if compiling.line:
        seconds += lines(script, compiling.sources).times(amount(compiling.line))
    script.work.add(seconds)
    output = invocation.option(*compiling.output) if compiling.output else None
    script.put(script.path(output or compiling.into), amount(compiling.project_adds))


def _is_light(script: CommandReader, invocation: Invocation, compiling: Compile) -> bool:
    """Whether the manifest says that the build is no more than small programs."""
    text = script.text(script.path(compiling.scripts)) if compiling.scripts else None
    if text is None:
        return False
    try:
        line = decode(text)["scripts"][invocation.subcommand.rpartition(" ")[2]]
        programs = {part.split()[0] for part in BETWEEN.split(line) if part.strip()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return False
    known = commands()
    return bool(programs) and all(name in known.small or name in known.shells or name in LIGHT for name in programs)


def _compile_packages(script: CommandReader, known: WorkRecipe, compiling: Compile) -> None:
    target = posixpath.join(script.path(compiling.into), "deps")
    if any(COMPILED in entry.names for entry in script.ledger.below(target)):
        return
    found = script.first(known.files, dev=True) or script.beside(known.files)
    count = listed(found, known).count
    seconds = count.times(amount(compiling.dependencies))
    size = count.times(amount(compiling.dependencies_adds))
    script.put(target, size if size != ZERO else Amount.exact(0.0, Basis.HEURISTIC), names=frozenset((COMPILED,)))
    script.work.add(seconds, warm=ZERO, cached=script.cached(target))


def lines(script: CommandReader, endings: tuple[str, ...]) -> Amount:
    """The lines of the sources that are there, by their bytes; as many as projects have where none are known to be."""
    total = float(source_bytes(script, endings))
    if not total:
        return amount("source.lines")
    line = amount("source.line")
    return Amount(total / line.high, total / line.mid, total / line.low, Basis.HEURISTIC)


def source_bytes(script: CommandReader, endings: tuple[str, ...]) -> int:
    """The bytes of the context's files that are there and end so."""
    files = (file for entry in script.ledger.entries for file in (entry.files or {}).items())
    return sum(file.size for path, file in files if path.endswith(endings))
