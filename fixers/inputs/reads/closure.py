"""All that an install reads: its manifests, what these refer to, and so on."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct

from dockerlint.lint.catalogue.name_patterns import matches

from .manifest import Doubt, Manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import TypeAlias

    from dockerlint.lint.context.build_context import Context

    Reader: TypeAlias = Callable[[Manifest], Iterator[str | Doubt]]

T = TypeVar("T")


class ReadFiles(Struct, frozen=True):
    """Files and folders of the context that an install reads."""

    files: tuple[str, ...]
    # why it may read more; None when it surely does not
    why: str | None
    # why it does not run without more; None where it does, as far as one can tell
    fails: str | None
    # the first of them that is not in the context; None when all are
    lacks: str | None = None


# More than this nobody wants in a Dockerfile.
MOST_FILES = 200

# By the manifest's name, the reader's module and its name, as a run meets few languages; a pattern with a slash is held against
# the end of the path.
READERS: dict[str, str] = {
    "package.json": "node_manifests.package",
    "package-lock.json": "node_manifests.package_lock",
    "npm-shrinkwrap.json": "node_manifests.package_lock",
    "yarn.lock": "node_manifests.yarn_lock",
    "pnpm-lock.yaml": "node_manifests.pnpm_lock",
    "pnpm-workspace.yaml": "node_manifests.pnpm_workspace",
    ".pnpmfile.cjs": "node_manifests.program",
    ".pnpmfile.mjs": "node_manifests.program",
    "bun.lock": "node_manifests.pnpm_lock",
    ".npmrc": "node_manifests.settings",
    ".yarnrc": "node_manifests.settings",
    ".yarnrc.yml": "node_manifests.settings",
    "bunfig.toml": "node_manifests.settings",
    "deno.json": "node_manifests.deno",
    "deno.jsonc": "node_manifests.deno",
    "pyproject.toml": "python_manifests.project",
    "uv.lock": "python_manifests.uv_lock",
    "uv.toml": "python_manifests.uv_settings",
    "Pipfile.lock": "python_manifests.pipfile_lock",
    "poetry.lock": "python_manifests.poetry_lock",
    "poetry.toml": "python_manifests.poetry_settings",
    "Pipfile": "python_manifests.pipfile",
    "go.mod": "other_manifests.go_mod",
    "go.work": "other_manifests.go_work",
    "Cargo.toml": "other_manifests.cargo",
    ".cargo/config": "other_manifests.cargo_config",
    ".cargo/config.toml": "other_manifests.cargo_config",
    "pom.xml": "jvm_manifests.pom",
    "settings.gradle": "jvm_manifests.gradle_settings",
    "settings.gradle.kts": "jvm_manifests.gradle_settings",
    "*.gradle": "jvm_manifests.gradle_build",
    "*.gradle.kts": "jvm_manifests.gradle_build",
    "*.sbt": "jvm_manifests.sbt",
    "*.sln": "dotnet_manifests.solution",
    "*.slnx": "dotnet_manifests.solution",
    "*.??proj": "dotnet_manifests.project",
    "*.props": "dotnet_manifests.project",
    "*.targets": "dotnet_manifests.project",
    "nuget.config": "dotnet_manifests.config",
    "NuGet.config": "dotnet_manifests.config",
    "NuGet.Config": "dotnet_manifests.config",
    "composer.json": "other_manifests.composer",
    "*.gemspec": "other_manifests.gemspec",
    "Gemfile": "other_manifests.gemfile",
    ".bundle/config": "other_manifests.bundle_config",
    "mix.exs": "other_manifests.mix",
    "rebar.config": "other_manifests.rebar",
    "rebar.config.script": "other_manifests.program",
    "shard.yml": "other_manifests.shard",
    "shard.override.yml": "other_manifests.shard",
    "*.nimble": "other_manifests.program",
    "config.nims": "other_manifests.program",
    "dub.json": "other_manifests.dub_json",
    "dub.sdl": "other_manifests.dub_sdl",
    "stack.yaml": "other_manifests.stack",
    "package.yaml": "other_manifests.haskell_package",
    "*.cabal": "other_manifests.haskell_package",
    "cabal.project": "other_manifests.cabal_project",
    "cabal.project.local": "other_manifests.cabal_project",
    "Package.swift": "other_manifests.swift",
    "Package@swift-*.swift": "other_manifests.swift",
    "pubspec.yaml": "other_manifests.pub",
    "pubspec_overrides.yaml": "other_manifests.pub",
    ".mvn/maven.config": "jvm_manifests.maven_folder",
    ".mvn/jvm.config": "jvm_manifests.maven_folder",
    ".mvn/extensions.xml": "jvm_manifests.maven_extensions",
}


def closure(
    context: Context,
    start: Iterable[str],
    readers: Mapping[str, Reader] | None = None,
    *,
    scripts: bool = True,
) -> ReadFiles:
    """The files and folders of the context that an install reads, given the manifests it starts from.

    `readers` are for files that no name tells, held before the others; `scripts` says whether life cycle scripts run.
    """
    found: dict[str, None] = {}
    why: str | None = None
    fails: str | None = None
    lacks: str | None = None
    todo = list(dict.fromkeys(start))
    while todo:
        path = todo.pop(0)
        if path in found:
            continue
        if path.startswith("..") or path == "." or not context.has(path):
            lacks = lacks or path
            why = why or f"{path} is not in the build context"
            continue
        if len(found) >= MOST_FILES:
            return ReadFiles(tuple(found), why or f"the project has more than {MOST_FILES} manifests", fails, lacks)
        found[path] = None
        for item in _said(context, path, readers or {}, scripts=scripts):
            if isinstance(item, Doubt):
                why = why or item.why
                fails = fails or (item.why if item.fails else None)
            else:
                todo.append(item)
    return ReadFiles(_outer(tuple(found)), why, fails, lacks)


def _said(context: Context, path: str, readers: Mapping[str, Reader], *, scripts: bool) -> Iterator[str | Doubt]:
    if path not in context.files:
        # of a folder, the settings that are known
        inside = (f"{path}/{name}" for name in ("maven.config", "jvm.config", "extensions.xml", "config.toml"))
        for name in inside:
            if name in context.files:
                yield from _said(context, name, readers, scripts=scripts)
        return
    reader = _reader(path, readers)
    if reader is None:
        return
    text = context.read(path)
    if text is None:
        yield Doubt(f"dlint cannot read {path}")
    else:
        yield from reader(Manifest(context, path, text, scripts))


def _reader(path: str, readers: Mapping[str, Reader]) -> Reader | None:
    if found := _of_path(path, readers):
        return found
    known = _of_path(path, READERS)
    return _named(known) if known else None


def _of_path(path: str, readers: Mapping[str, T]) -> T | None:
    name = path.rsplit("/", 1)[-1]
    for pattern, reader in readers.items():
        if "/" in pattern:
            if f"/{path}".endswith(f"/{pattern}"):
                return reader
        elif matches(name, pattern):
            return reader
    return None


@cache
def _named(reader: str) -> Reader:
    module, _, name = reader.partition(".")
    found: Reader = getattr(import_module(f".{module}", __package__), name)
    return found


def _outer(paths: tuple[str, ...]) -> tuple[str, ...]:
    """Paths without those that lie in another one."""
    every = set(paths)
    return tuple(path for path in paths if not any(parent in every for parent in _parents(path)))


def _parents(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path
