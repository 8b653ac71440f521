"""Commands that compile what a project depends on before its sources are there, so that an edit compiles the project alone."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dockerlint.fixers.cache.cleanup import clean_command
from dockerlint.fixers.inputs.reads.manifest import Manifest, table
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.fixers.inputs.project_install import ProjectInstall
    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.context.build_context import Context

MANIFEST = "Cargo.toml"
# Options of `cargo build` that mean the same where the sources are empty; those with a value come first.
VALUED = frozenset({"--target", "--features", "-F", "--profile", "-j", "--jobs", "-p", "--package"})
PLAIN = frozenset({
    "--release", "-r", "--locked", "--all-features", "--no-default-features", "--workspace", "--all", "-q", "--quiet", "-v", "--verbose",
})  # fmt: skip
# Of these, those that choose where results go, which is where `cargo clean` must look.
PLACES = frozenset({"--release", "-r", "--target", "--profile"})
NAME = regex(r"[\w-]+")
PATH = regex(r"[\w./-]+")
# Targets with sources of their own, which would have to be empty too.
TARGETS = ("bin", "example")


class _CargoPackage(Struct, frozen=True):
    """A package of a Cargo workspace: its name, and the sources to stand in for."""

    name: str
    programs: tuple[str, ...]
    library: str | None


def compile_command(facts: Facts, install: ProjectInstall) -> str | None:
    """The command that compiles what a tool has fetched, as `mix deps.compile`; None where there is none, or it is there."""
    tool = install.invocation.tool
    compiler = tool.compile_dependencies
    if compiler is None:
        return None
    runs = (node for node in facts.stage_of(install.run).all(nodes.Run) if node.span.start >= install.run.span.start)
    used = [item for node in runs for item in facts.invocations(node) if item.tool is tool]
    build = next((item for item in used if item.action == "build"), None)
    if build is None or any(item.subcommand == compiler.partition(" ")[2] for item in used):
        return None
    settings = "".join(f"{facts.doc.source(word.span)} " for word in build.command.assignments)
    return settings + clean_command(install.invocation, compiler)


def cargo_build(facts: Facts, install: ProjectInstall) -> str | None:
    """A build of a Cargo project whose sources are empty, which leaves what it depends on compiled; None where that is not sure to work.

    What was made of the empty sources goes again: a copy of the real ones may be older, and Cargo would not compile them.
    Source: doc.rust-lang.org, The Cargo Book, "Build cache", `cargo build`, `cargo clean`, "Cargo Targets".
    """
    invocation, context = install.invocation, facts.context
    if context is None or invocation.tool.name != "cargo" or invocation.subcommand not in ("build", "b") or invocation.operands:
        return None
    if install.through is not None:
        return None
    command = invocation.command
    if command.within or command.redirects or command.words != invocation.words or not _plain_options(facts, install):
        return None
    manifests = [name for name in install.reads.files if posixpath.basename(name) == MANIFEST]
    packages = [_package(context, install.folder, name) for name in manifests]
    found = [item for item in packages if isinstance(item, _CargoPackage)]
    if not found or None in packages:
        return None
    programs = [path for item in found for path in item.programs]
    libraries = [item.library for item in found if item.library]
    folders = list(dict.fromkeys(posixpath.dirname(path) for path in (*programs, *libraries) if posixpath.dirname(path)))
    steps = [f"mkdir -p {' '.join(folders)}"]
    if programs:
        steps.append(f"echo 'fn main() {{}}' | tee {' '.join(programs)} > /dev/null")
    if libraries:
        steps.append(f"touch {' '.join(libraries)}")
    names = " ".join(f"-p {item.name}" for item in found)
    steps += [facts.doc.source(command.span), " ".join(("cargo clean", *_places(install), names))]
    gone = [*folders, *(path for path in programs if not posixpath.dirname(path) or posixpath.basename(path) == "build.rs")]
    steps.append(f"rm -r {' '.join(dict.fromkeys(path for path in gone if path not in _roots(found)))}")
    return " && ".join(steps)


def _roots(packages: list[_CargoPackage]) -> set[str]:
    """The folders of packages, which hold their manifests."""
    sources = (path for item in packages for path in (*item.programs, item.library or ""))
    return {posixpath.dirname(path) for path in sources if posixpath.basename(path) == "build.rs"}


def _plain_options(facts: Facts, install: ProjectInstall) -> bool:
    """Whether a build has no options but those that choose what is compiled and how."""
    words = [word.text for word in install.invocation.words[2:]]
    while words:
        word = words.pop(0)
        name, equals, _ = word.partition("=")
        if name in VALUED:
            if not equals and words:
                words.pop(0)
        elif word not in PLAIN:
            return False
    return "`" not in facts.doc.source(install.invocation.command.span)


def _places(install: ProjectInstall) -> Iterator[str]:
    """The options that choose where results go, with their values."""
    words = [word.text for word in install.invocation.words[2:]]
    for index, word in enumerate(words):
        name, equals, _ = word.partition("=")
        if name in PLACES:
            yield f"{word} {words[index + 1]}" if name in VALUED and not equals and index + 1 < len(words) else word


def _package(context: Context, folder: str, name: str) -> _CargoPackage | str | None:
    """The package of a Cargo.toml; its path where it only names a workspace, None where its sources cannot be stood in for."""
    path = posixpath.normpath(posixpath.join(folder, name))
    data: dict[str, Any] | None = Manifest(context, path, context.read(path) or "").toml()
    if data is None:
        return None
    if "package" not in data:
        return path
    package = table(data["package"])
    title, build = package.get("name"), package.get("build")
    if not isinstance(title, str) or not NAME.fullmatch(title) or not PATH.fullmatch(name) or name.startswith(".."):
        return None
    if any(data.get(kind) for kind in TARGETS) or "path" in table(data.get("lib")) or build not in (None, False, "build.rs"):
        return None
    top = posixpath.dirname(name)
    here = posixpath.dirname(path)
    places = ["src/main.rs", *(["build.rs"] if build is not False else [])]
    programs = tuple(posixpath.join(top, place) for place in places if posixpath.join(here, place) in context.files)
    library = posixpath.join(top, "src/lib.rs") if posixpath.join(here, "src/lib.rs") in context.files else None
    if library is None and posixpath.join(top, "src/main.rs") not in programs:
        return None
    return _CargoPackage(title, programs, library)
