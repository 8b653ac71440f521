"""What build tools do besides fetching packages: compile them, compile the project, and leave results."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dockerlint.lint.catalogue.basis import Basis

from .bounded import ZERO, Amount
from .registry_packages import listed
from .tool_figures import amount

if TYPE_CHECKING:
    from dockerlint.lint.catalogue.tool import Invocation

    from .run_cost import Script
    from .work_recipes import Compile, Recipe

# Stands among the names of what lies in a folder of results: the dependencies are compiled there.
COMPILED = "compiled dependencies"


def dependencies(script: Script, invocation: Invocation, known: Recipe, compiling: Compile) -> None:
    """An install that compiles: of a project's dependencies, or of a program from the registry."""
    if invocation.subcommand not in compiling.tools_by:
        script.locked(invocation, known)
        _compile_packages(script, invocation, known, compiling)
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


def project(script: Script, invocation: Invocation, known: Recipe, compiling: Compile) -> None:
    """A build: it fetches what no earlier step has, compiles the dependencies where none has, then the project."""
    if known.into_cache:
        script.locked(invocation, known)
    elif known.start:
        script.work.add(amount(known.start))
    if compiling.dependencies:
        _compile_packages(script, invocation, known, compiling)
    seconds = amount(compiling.project)
    if compiling.line:
        seconds += lines(script, compiling.sources).times(amount(compiling.line))
    script.work.add(seconds)
    output = invocation.option(*compiling.output) if compiling.output else None
    script.put(script.path(output or compiling.into), amount(compiling.project_adds))


def _compile_packages(script: Script, invocation: Invocation, known: Recipe, compiling: Compile) -> None:
    target = posixpath.join(script.path(compiling.into), "deps")
    if any(COMPILED in entry.names for entry in script.ledger.below(target)):
        return
    found = script.first(known.files, dev=True) or script.beside(known.files)
    count = listed(found, known).count
    seconds = count.times(amount(compiling.dependencies))
    size = count.times(amount(compiling.dependencies_adds))
    script.put(target, size if size != ZERO else Amount.exact(0.0, Basis.HEURISTIC), names=frozenset((COMPILED,)))
    script.work.add(seconds, warm=ZERO, cached=script.cached(target))


def lines(script: Script, endings: tuple[str, ...]) -> Amount:
    """The lines of the sources that are there, by their bytes; as many as projects have where none are known to be."""
    sizes = [
        file.size
        for entry in script.ledger.entries
        for path, file in (entry.files or {}).items()
        if path.endswith(endings)
    ]
    if not sizes:
        return amount("source.lines")
    line = amount("source.line")
    total = float(sum(sizes))
    return Amount(total / line.high, total / line.mid, total / line.low, Basis.HEURISTIC)
