""".NET's manifests: solutions, projects and what these import."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from dockerlint.lint.storage.lazy_regex import regex

from .manifest import Doubt, without

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .manifest import Manifest

PROJECTS = (".csproj", ".fsproj", ".vbproj", ".esproj", ".sqlproj", ".shproj", ".vcxproj", ".dcproj", ".proj")
SOLUTION = regex(r"(?m)^Project\([^)\n]*\)\s*=\s*\"[^\"\n]*\"\s*,\s*\"([^\"\n]+)\"")
SOLUTION_XML = regex(r"<Project\s[^<>]*\bPath\s*=\s*[\"']([^\"']+)[\"']")
REFERENCE = regex(r"<ProjectReference\s[^<>]*\bInclude\s*=\s*[\"']([^\"']+)[\"']", re.IGNORECASE)
IMPORT = regex(r"<Import\s[^<>]*\bProject\s*=\s*[\"']([^\"']+)[\"']", re.IGNORECASE)
HERE = ("$(MSBuildThisFileDirectory)", "$(MSBuildProjectDirectory)/", "$(MSBuildProjectDirectory)\\")
# What makes a project look at other files while it is restored.
LOOKS = regex(r"<Exec\b|\$\(\[|\bExists\(|<UsingTask\b|<RestoreSources>|<RestoreAdditionalProjectSources>|<Reference\s[^<>]*HintPath", re.IGNORECASE)
SOURCE = regex(r"<add\s[^<>]*\bvalue\s*=\s*[\"']([^\"']+)[\"']", re.IGNORECASE)
# Looked for in the folder of a project and in all above it. Sources: learn.microsoft.com, "Customize the build by folder",
# "nuget.config reference", "global.json overview".
ABOVE = ("Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props", "nuget.config", "NuGet.config", "NuGet.Config", "global.json")
BESIDE = ("packages.lock.json", "packages.config", "Directory.Build.rsp")


def solution(manifest: Manifest) -> Iterator[str | Doubt]:
    """A solution: its projects."""
    pattern = SOLUTION_XML if manifest.name.endswith("x") else SOLUTION
    for path in pattern.findall(manifest.text):
        if path.lower().endswith(PROJECTS):
            yield from manifest.local(path)
    besides = ("Directory.Solution.props", "Directory.Solution.targets", f"before.{manifest.name}.targets", f"after.{manifest.name}.targets")
    yield from (manifest.at(name) for name in besides if manifest.here(name))


def project(manifest: Manifest) -> Iterator[str | Doubt]:
    """A project or a part of one: those that it refers to, what it imports, and what holds for its folder."""
    text = without(manifest.text, "<!--", "-->")
    if (match := LOOKS.search(text)) is not None:
        yield Doubt(f"{manifest.path} may read files: `{match[0]}`")
    for path in (*REFERENCE.findall(text), *IMPORT.findall(text)):
        for start in HERE:
            path = path.removeprefix(start)
        if "$(" in path or "*" in path:
            yield Doubt(f"{manifest.path} refers to {path[:40]}, outside the build context or by a variable")
        else:
            yield from _each(manifest, path)
    folder = manifest.folder
    yield from (manifest.at(name) for name in (*BESIDE, f"{manifest.name}.user") if manifest.here(name))
    while True:
        for name in ABOVE:
            path = posixpath.join(folder, name)
            if path in manifest.context.files:
                yield path
        if not folder:
            return
        folder = posixpath.dirname(folder)


def _each(manifest: Manifest, paths: str) -> Iterator[str | Doubt]:
    for path in paths.split(";"):
        yield from manifest.local(path.strip())


def config(manifest: Manifest) -> Iterator[str | Doubt]:
    """nuget.config: sources that are folders."""
    for value in SOURCE.findall(without(manifest.text, "<!--", "-->")):
        if value.startswith((".", "/", "\\")) or "%" in value:
            yield from manifest.local(value)
