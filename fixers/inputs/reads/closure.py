"""All that an install reads: its manifests, what these refer to, and so on."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar

from dockerlint.lint.catalogue.name_patterns import matches

from .manifest import Doubt, Manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import TypeAlias

    from dockerlint.lint.context.build_context import Context

    Reader: TypeAlias = Callable[[Manifest], Iterator[str | Doubt]]

T = TypeVar("T")

# More than this nobody wants in a Dockerfile.
MOST_FILES = 200

# By the manifest's name, the reader's module and its name, as a run meets few languages; a pattern with a slash is held against
# the end of the path.
READERS: dict[str, str] = {
    "package.json": "node.package",
    "package-lock.json": "node.package_lock",
    "npm-shrinkwrap.json": "node.package_lock",
    "yarn.lock": "node.yarn_lock",
    "pnpm-lock.yaml": "node.pnpm_lock",
    "pnpm-workspace.yaml": "node.pnpm_workspace",
    ".pnpmfile.cjs": "node.program",
    ".pnpmfile.mjs": "node.program",
    "bun.lock": "node.pnpm_lock",
    ".npmrc": "node.settings",
    ".yarnrc": "node.settings",
    ".yarnrc.yml": "node.settings",
    "bunfig.toml": "node.settings",
    "deno.json": "node.deno",
    "deno.jsonc": "node.deno",
    "pyproject.toml": "python.project",
    "uv.lock": "python.uv_lock",
    "uv.toml": "python.uv_settings",
    "Pipfile.lock": "python.pipfile_lock",
    "poetry.lock": "python.poetry_lock",
    "poetry.toml": "python.poetry_settings",
    "Pipfile": "python.pipfile",
    "go.mod": "others.go_mod",
    "go.work": "others.go_work",
    "Cargo.toml": "others.cargo",
    ".cargo/config": "others.cargo_config",
    ".cargo/config.toml": "others.cargo_config",
    "pom.xml": "jvm.pom",
    "settings.gradle": "jvm.gradle_settings",
    "settings.gradle.kts": "jvm.gradle_settings",
    "*.gradle": "jvm.gradle_build",
    "*.gradle.kts": "jvm.gradle_build",
    "*.sbt": "jvm.sbt",
    "*.sln": "dotnet.solution",
    "*.slnx": "dotnet.solution",
    "*.??proj": "dotnet.project",
    "*.props": "dotnet.project",
    "*.targets": "dotnet.project",
    "nuget.config": "dotnet.config",
    "NuGet.config": "dotnet.config",
    "NuGet.Config": "dotnet.config",
    "composer.json": "others.composer",
    "Gemfile": "others.gemfile",
    ".bundle/config": "others.bundle_config",
    "mix.exs": "others.mix",
    "stack.yaml": "others.stack",
    "package.yaml": "others.haskell_package",
    "*.cabal": "others.haskell_package",
    "cabal.project": "others.cabal_project",
    "cabal.project.local": "others.cabal_project",
    "Package.swift": "others.swift",
    "Package@swift-*.swift": "others.swift",
    "pubspec.yaml": "others.pub",
    "pubspec_overrides.yaml": "others.pub",
    ".mvn/maven.config": "jvm.maven_folder",
    ".mvn/jvm.config": "jvm.maven_folder",
    ".mvn/extensions.xml": "jvm.maven_extensions",
}


def closure(
    context: Context,
    start: Iterable[str],
    readers: Mapping[str, Reader] | None = None,
    *,
    scripts: bool = True,
) -> tuple[tuple[str, ...], str | None]:
    """The files and folders of the context that an install reads, given the manifests it starts from; and why it may read
    more, None when it surely does not.

    `readers` are for files that no name tells, held before the others; `scripts` says whether life cycle scripts run.
    """
    found: dict[str, None] = {}
    why: str | None = None
    todo = list(dict.fromkeys(start))
    while todo:
        path = todo.pop(0)
        if path in found:
            continue
        if path.startswith("..") or path == "." or not context.has(path):
            why = why or f"{path} is not in the build context"
            continue
        if len(found) >= MOST_FILES:
            return tuple(found), why or f"there are more than {MOST_FILES} manifests"
        found[path] = None
        for item in _said(context, path, readers or {}, scripts=scripts):
            if isinstance(item, Doubt):
                why = why or item.why
            else:
                todo.append(item)
    return _outer(tuple(found)), why


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
        yield Doubt(f"{path} cannot be read")
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
