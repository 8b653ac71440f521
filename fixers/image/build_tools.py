"""Packages that only a build needs: which ones ship, and how the RUN that installs them takes them away again.

What is compiled may be linked with libraries that came along with the headers: these are kept by name, or there is no fix.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dockerlint.fixers.cache.cleanup import can_follow, clean_command, follow
from dockerlint.fixers.edits import apply, has_errexit, insert, insert_command, insert_word, remove_word
from dockerlint.fixers.inputs.runtime_command import started
from dockerlint.fixers.merge import merge_down, trust
from dockerlint.fixers.refusal import Refusal
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.catalogue import tables
from dockerlint.lint.catalogue.name_patterns import matches
from dockerlint.lint.engine.findings import Applicability, Fix
from dockerlint.lint.shell.script import SHELLS
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.parser import parse
from dockerlint.lint.syntax.span import Edit, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dockerlint.fixers.cost.distribution_packages import Closure
    from dockerlint.lint.catalogue.base_images import BaseImage
    from dockerlint.lint.catalogue.tool import Invocation
    from dockerlint.lint.shell.script import Command, Script
    from dockerlint.lint.syntax.nodes import Run, Stage, Word

VIRTUAL = ".build-deps"
GOES_ON = "the RUN goes on after a failed install"
# Of more steps than this one would not want to make a single one.
MOST_JOINED = 5
# What needs what is much the same in all releases; which library belongs to which headers is not.
LIKELY = "bookworm"
# Commands that compile what they are given, besides the tools of the catalogue.
COMPILE = frozenset(
    """
    make cmake ninja meson gcc g++ cc c++ clang clang++ gfortran configure autoreconf cargo rustc go swift ghc javac perl cpan cpanm
    luarocks R Rscript pecl docker-php-ext-install phpize opam cabal stack mix rebar3 lein sbt
    """.split()
)
INSTALLING = frozenset({"language", "build"})
VERSION = regex(r"[=~:<>/@]")
# The compilers' own headers: with them come libraries for finding faults, which no program is linked with by itself.
TOOLCHAIN = regex(r"libc6-dev|lib(?:gcc|stdc\+\+)-\d+-dev")
# What several packages of one library have in common: `libjpeg62-turbo-dev`, `libpq5`, `icu-libs`.
VERSIONED = regex(r"(?<=[a-z])[\d.-]+(?:t64)?\Z")


# How Debian names the packages of shared libraries, those of their tools, their data and of scripts for pages left out.
SHARED = regex(r"lib(?!js-|.*-(?:bin|data|common|doc|tools)\Z)")


class Install(Struct, frozen=True):
    """A command that installs packages of which only a build needs `packages`."""

    run: Run
    invocation: Invocation
    packages: tuple[Word, ...]


class Shipped(Struct, frozen=True):
    """The installs whose build packages an image ships, and the last RUN that may need them."""

    installs: tuple[Install, ...]
    last: Run

    @property
    def names(self) -> tuple[str, ...]:
        """The packages as they are written, each once."""
        return tuple(dict.fromkeys(word.text for item in self.installs for word in item.packages))


def shipped(facts: Facts, target: Stage) -> Shipped | None:
    """The build packages that a stage ships; None where there are none, or where it may be there for its tools."""
    runs = [run for stage in reversed(facts.graph.lineage(target)) for run in stage.all(nodes.Run)]
    installs: list[Install] = []
    compiled = max((index for index, run in enumerate(runs) if next(compiling(facts, run), None)), default=-1)
    removed = max((index for index, run in enumerate(runs) if _removes(facts, run)), default=-1)
    for index, run in enumerate(runs):
        if removed < index <= compiled:
            installs += _installs(facts, run)
        if any(is_one(word.text, "needed-at-run-time") for item in facts.invocations(run) for word in item.packages):
            return None
    return Shipped(tuple(installs), runs[compiled]) if installs else None


def compiling(facts: Facts, run: Run) -> Iterator[Command]:
    """The commands of a RUN that build something, or install what may have to be compiled."""
    for item in facts.invocations(run):
        if item.tool.kind in INSTALLING and item.action in ("install", "build"):
            yield item.command
    yield from (command for command in facts.commands(run) if command.name.rsplit("/", 1)[-1] in COMPILE)


@lru_cache(2000)
def is_one(package: str, group: str) -> bool:
    """Whether a package is one of a group of `build-packages.toml`; its version does not matter."""
    return bool(_matching(bare(package), _data()[group]))


def bare(package: str) -> str:
    """A package's name without version, release or architecture."""
    return VERSION.split(package, maxsplit=1)[0]


def take_away(facts: Facts, found: Shipped) -> Fix | Refusal:
    """The fix that removes the build packages at the end of the RUN that installs and uses them.

    Where RUNs that stand together install and use them, they become one. It is unsafe: what the packages are needed for at
    run time cannot all be seen.
    """
    if len({id(item.run) for item in found.installs}) > 1:
        return Refusal("several RUNs install them")
    run = found.installs[0].run
    if facts.stage_of(run) is not facts.graph.target or next(facts.graph.children(facts.stage_of(run)), None):
        return Refusal("another stage is FROM the one that installs them")
    if run is not found.last:
        return _joined(facts, run, found.last)
    if len(found.installs) > 1:
        return Refusal("several commands install them")
    (install,) = found.installs
    reason = _obstacle(facts, install)
    if reason:
        return Refusal(reason)
    return _with_apk(facts, install) if install.invocation.tool.name == "apk" else _with_apt(facts, install)


def _joined(facts: Facts, run: Run, last: Run) -> Fix | Refusal:
    """The same where the packages are used in later RUNs: the next one is joined with the RUN, and so on up to `last`."""
    refusal = Refusal("a later step uses them")
    later = [node for node in facts.stage_of(run).all(nodes.Run) if run.span.start < node.span.start <= last.span.start]
    if not later or len(later) > MOST_JOINED:
        return refusal
    following = later[0]
    edits = merge_down(facts, run, following)
    if edits is None or trust(facts, run, following) is not Applicability.SAFE:
        return refusal
    doc = parse(apply(facts.doc.text, edits))
    merged = Facts(doc, facts.context, facts.settings)
    found = shipped(merged, merged.graph.target) if merged.graph.target else None
    fix = take_away(merged, found) if found else refusal
    if isinstance(fix, Refusal):
        return fix
    return Fix(fix.title, (_difference(facts.doc.text, apply(doc.text, fix.edits)),), Applicability.UNSAFE)


def _difference(old: str, new: str) -> Edit:
    """One edit that makes a text of another."""
    shorter = min(len(old), len(new))
    start = next((at for at in range(shorter) if old[at] != new[at]), shorter)
    end = next((at for at in range(shorter - start) if old[-1 - at] != new[-1 - at]), shorter - start)
    return Edit(Span(start, len(old) - end), new[start : len(new) - end])


def _obstacle(facts: Facts, install: Install) -> str | None:
    """Why the packages cannot be taken away at the end of the RUN that installs them; None when they can."""
    run, command = install.run, install.invocation.command
    script = facts.script(run)
    if script is None or not can_follow(script) or command.within or command.before not in ("", "&&", ";", "\n"):
        return "the RUN is not a plain chain of commands"
    if not any(item.span.start > command.span.start for item in compiling(facts, run)):
        return "nothing is compiled after the install"
    more = next((word.text for word in install.packages if is_one(word.text, "bring-more")), None)
    if more:
        return f"the program may need what came with {more}"
    return _needed_later(facts, run)


def _needed_later(facts: Facts, run: Run) -> str | None:
    """Why later steps, or the container, may need the packages of a RUN."""
    stage = facts.stage_of(run)
    programs = set(_data()["programs"])
    for node in stage.instructions:
        if node.span.start <= run.span.start:
            continue
        if isinstance(node, nodes.Onbuild):
            return "images built on this one may need them"
        for command in facts.commands(node) if isinstance(node, nodes.Run) else ():
            name = command.name.rsplit("/", 1)[-1]
            if name in programs:
                return f"a later step calls {name}"
            if "$" in name or name in (".", "source") or (name in SHELLS or command.name.startswith((".", "/"))):
                return "a later step runs a script"
    called = started(facts, stage).words & programs
    return f"the container may call {min(called)}" if called else None


# ---------------------------------------------------------------- Alpine


def _with_apk(facts: Facts, install: Install) -> Fix | Refusal:
    """The build packages as a virtual one, which goes at the end of the RUN; the others stay in the plain command."""
    doc, invocation = facts.doc, install.invocation
    script = facts.script(install.run)
    assert script is not None
    if not _stops(facts, install.run, script):
        return Refusal(GOES_ON)
    if VIRTUAL in doc.text:
        return Refusal(f"the file already uses the name {VIRTUAL}")
    rest = tuple(word for word in invocation.operands if word not in install.packages)
    libraries = _kept(facts, install)
    if isinstance(libraries, Refusal):
        return libraries
    if libraries and any(VERSION.search(word.text) for word in invocation.operands):
        return Refusal(f"dlint does not know the version of {libraries[0]}")
    removed = "apk del " + VIRTUAL
    edits = [follow(doc, script, clean_command(invocation, removed))]
    words = " ".join(doc.source(word.span) for word in install.packages)
    if rest:
        edits.append(insert_command(doc, script, invocation.command, f"{_call(facts, invocation)} --virtual {VIRTUAL} {words}"))
        edits += [remove_word(doc, word.span) for word in install.packages]
        edits += [insert_word(doc, rest, name) for name in libraries]
    else:
        if libraries:
            plain = f"{_call(facts, invocation)} {' '.join(libraries)}"
            edits.append(insert_command(doc, script, invocation.command, plain))
        edits.append(insert(invocation.subcommand_words[-1].span.end, f" --virtual {VIRTUAL}"))
    return Fix(f"install them as {VIRTUAL} and remove it in the same RUN", tuple(edits), Applicability.UNSAFE)


def _stops(facts: Facts, run: nodes.Run, script: Script) -> bool:
    """Whether a RUN ends where its install fails: what is not there cannot be removed."""
    return script.chained or has_errexit(script, facts.state(run).shell)


def _call(facts: Facts, invocation: Invocation) -> str:
    """The command and its options, without what it installs."""
    operands = {word.span for word in invocation.operands}
    texts = [facts.doc.source(word.span) for word in invocation.words if word.span not in operands]
    return ("sudo " if invocation.command.name == "sudo" else "") + " ".join(texts)


# ---------------------------------------------------------------- Debian


def _with_apt(facts: Facts, install: Install) -> Fix | Refusal:
    """The build packages and all that came with them go at the end of the RUN, but for the libraries they bring."""
    run, invocation = install.run, install.invocation
    base = facts.base(facts.stage_of(run))
    if invocation.tool.name != "apt":
        return Refusal(f"{invocation.tool.name} would also remove packages that depend on them")
    if base is None or base.package_manager != "apt" or not _is_lean(base):
        return Refusal("dlint does not know which of them the base image has")
    script = facts.script(run)
    assert script is not None
    if not _stops(facts, run, script):
        return Refusal(GOES_ON)
    names = [bare(word.text) for word in install.packages]
    needs = _closure(base, _others(facts, install))
    if needs.unknown:
        return Refusal(f"dlint does not know what {needs.unknown[0]} needs")
    held = sorted(needs.names & set(names))
    if held:
        return Refusal(f"a package that stays needs {held[0]}")
    libraries = _kept(facts, install)
    if isinstance(libraries, Refusal):
        return libraries
    own = next(word.text for word in invocation.words)
    tool = "apt-get" if own == "apt" else own
    prefix = "sudo " if invocation.command.name == "sudo" else ""
    commands = [f"{prefix}apt-mark manual {' '.join(libraries)}"] if libraries else []
    commands.append(f"{prefix}{tool} purge -y --auto-remove {' '.join(names)}")
    edits = tuple(follow(facts.doc, script, command) for command in commands)
    return Fix("remove the build tools in the same RUN", edits, Applicability.UNSAFE)


def _is_lean(base: BaseImage) -> bool:
    """Whether a base image has no compilers and headers of its own, which would be taken away too."""
    return base.repository in ("debian", "ubuntu") or "slim" in (base.tag or "").split("-")


# ---------------------------------------------------------------- libraries


def libraries(base: BaseImage | None, manager: str, packages: Sequence[str], kept: Sequence[str]) -> list[str] | Refusal:
    """The packages that what was compiled with some `packages` may need when it runs, besides those that are `kept`.

    Refused where a library is not known: Debian's indexes say which one belongs to which headers, else it must be installed
    by its own name.
    """
    table = _data()["kept"].get(manager, {})
    found = {name for package in packages for pattern in _matching(package, table) for name in table[pattern]}
    if base is not None and base.repository == "node":
        # node itself is written in C++
        found -= {"libstdc++", "libgcc"}
    if base is not None and _is_indexed(base):
        return sorted((found | _linked(packages, base)) - _closure(base, kept).names - set(kept))
    missing = _unnamed(base, manager, packages, kept)
    return Refusal(f"install the library of {missing} by its name first") if missing else sorted(found - set(kept))


def _kept(facts: Facts, install: Install) -> list[str] | Refusal:
    names = [bare(word.text) for word in install.packages]
    return libraries(facts.base(facts.stage_of(install.run)), install.invocation.tool.name, names, _others(facts, install))


def _is_indexed(base: BaseImage) -> bool:
    # the tables are read when they are asked for: most files never need them
    from dockerlint.fixers.cost.distribution_packages import TABLES

    return base.distribution == "debian" and base.release in TABLES


def _closure(base: BaseImage, packages: Iterable[str]) -> Closure:
    """Packages and all that they need, by the index of the image's release; of a release that has none, by a likely one."""
    from dockerlint.fixers.cost.distribution_packages import closure

    release = base.release if _is_indexed(base) else LIKELY
    return closure(packages, recommends=False, distribution="debian", release=release)


def _linked(packages: Sequence[str], base: BaseImage) -> set[str]:
    """The libraries that come with headers, without those that others bring along."""
    there = _in_image(_data()["present"]["apt"], base)
    headers = [name for name in packages if is_one(name, "headers") and not _matching(name, there)]
    brought = _closure(base, headers).names
    tools = _closure(base, (name for name in brought if TOOLCHAIN.fullmatch(name))).names
    found = {name for name in brought - tools if SHARED.match(name) and not is_one(name, "headers")}
    return found - {other for name in found for other in _closure(base, [name]).names if other != name}


def _unnamed(base: BaseImage | None, manager: str, packages: Sequence[str], kept: Sequence[str]) -> str | None:
    """Headers whose library neither the image has nor a command installs by its own name."""
    data = _data()
    there = _in_image(data["present"].get(manager, {"*": []}), base)
    stems = {_stem(name) for name in kept}
    for name in packages:
        if not is_one(name, "headers") or _matching(name, there):
            continue
        if _stem(name) not in stems and not set(data["libraries"].get(name, ())) & set(kept):
            return name
    return None


def _in_image(present: dict[str, list[str]], base: BaseImage | None) -> list[str]:
    return [*present["*"], *(present.get(base.repository, ()) if base else ())]


def _stem(name: str) -> str:
    """What the packages of one library have in common."""
    name = name.removeprefix("lib")
    for suffix in ("-devel", "-dev", "-libs"):
        name = name.removesuffix(suffix)
    return VERSIONED.sub("", name)


def _others(facts: Facts, install: Install) -> list[str]:
    """The packages that a stage's commands install, but for those that are to go."""
    stages = facts.graph.lineage(facts.stage_of(install.run))
    runs = (run for stage in stages for run in stage.all(nodes.Run))
    items = (item for run in runs for item in facts.invocations(run) if item.action == "install")
    words = (word for item in items if item.tool is install.invocation.tool for word in item.packages)
    return [bare(word.text) for word in words if word not in install.packages]


# ---------------------------------------------------------------- what a RUN does


def _installs(facts: Facts, run: Run) -> Iterator[Install]:
    """The commands of a RUN that install packages for compiling; those of a virtual package are meant to be removed."""
    for item in facts.invocations(run):
        if item.tool.kind != "system" or item.action != "install" or item.has(("-t", "--virtual")):
            continue
        packages = tuple(word for word in item.packages if is_one(word.text, "compilers") or is_one(word.text, "headers"))
        if packages:
            yield Install(run, item, packages)


def _removes(facts: Facts, run: Run) -> bool:
    """Whether a RUN takes packages away, or may do so by a script."""
    return any(item.tool.kind == "system" and item.action == "remove" for item in facts.invocations(run))


def _matching(name: str, patterns: Iterable[str]) -> list[str]:
    return [pattern for pattern in patterns if matches(name, pattern)]


@cache
def _data() -> dict[str, Any]:
    return tables.table("lint/catalogue/data/build-packages.toml")
