"""The manifests of Maven, Gradle and sbt."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from dockerlint.lint.storage.lazy_regex import regex

from .manifest import Doubt, between, without

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .manifest import Manifest

# Places in a POM that lead to files: repositories and libraries of the project, profiles that ask whether files exist.
POM_FILES = regex(r"file:|\$\{(?:project\.)?basedir\}|<(?:exists|missing|systemPath)>|\$\{(?:maven\.multiModule|session\.exec)\w*")
MAVEN_FILES = regex(r"(?:^|\s)(?:-s|-gs|-t|-f|--settings|--global-settings|--toolchains|--file)\b|-javaagent|=\.{0,2}/|=file:")
INCLUDE = regex(r"\binclude\s*\(?([^\n)]*)")
QUOTED = regex(r"[\"']([^\"'\n]+)[\"']")
APPLIED = regex(r"\bfrom\s*[=:(]\s*(?:file\()?[\"']([^\"'$\n]+)[\"']")
BUILD_FILES = ("build.gradle", "build.gradle.kts", "gradle.properties", "gradle.lockfile")
# Calls that read files when a build script is run, or run programs, and the file that they name.
GRADLE_READS = regex(
    r"""(?x)\bfile\(\s*(?:["']([^"'$]+)["']\s*)?[^)\n]*\)\s*\.\s*(?:text\b|readText|readLines|withInputStream|withReader|newReader|newInputStream|inputStream|eachLine|bufferedReader|reader\b)
    |\bFile(?:InputStream|Reader)?\(\s*(?:["']([^"'$]+)["'])?[^)\n]*\)\s*(?:\.\s*(?:text\b|readText|readLines|eachLine)|\)|$)
    |["']\.execute\(\)|\bproviders\.exec\b|\bexec\s*\{|\bfileContents\("""
)
SBT_READS = regex(r"""\b(?:IO\.read\w*|Source\.fromFile|sbt\.IO\.\w+)\(\s*(?:file\(\s*)?(?:"([^"$]+)")?|\.!!|scala\.sys\.process|sys\.process""")


def pom(manifest: Manifest) -> Iterator[str | Doubt]:
    """pom.xml: its modules and its parent."""
    text = without(manifest.text, "<!--", "-->")
    if (match := POM_FILES.search(text)) is not None:
        yield Doubt(f"{manifest.path} reads files: `{match[0]}`")
    for module in between(text, "<module>", "</module>"):
        path = module.strip()
        if "$" in path:
            yield Doubt(f"{manifest.path} names modules with a variable")
            return
        yield from manifest.local(path if path.endswith(".xml") else posixpath.join(path, "pom.xml"))
    parent = next(between(text, "<parent>", "</parent>"), None)
    if parent is not None:
        path = next(between(parent, "<relativePath>", "</relativePath>"), "" if "<relativePath/>" in parent else "../pom.xml")
        path = path.strip()
        where = path if path.endswith(".xml") or not path else posixpath.join(path, "pom.xml")
        if where and manifest.here(where) and not manifest.at(where).startswith(".."):
            yield manifest.at(where)


def maven_folder(manifest: Manifest) -> Iterator[str | Doubt]:
    """Settings in `.mvn` that name files."""
    if MAVEN_FILES.search(manifest.text):
        yield Doubt(f"{manifest.path} names files to read")


def maven_extensions(manifest: Manifest) -> Iterator[str | Doubt]:
    """Extensions of Maven, which are programs: some look at the repository."""
    yield Doubt(f"{manifest.path} loads extensions; dlint cannot tell which files they read")


def gradle_settings(manifest: Manifest) -> Iterator[str | Doubt]:
    """settings.gradle: the build files of the projects that it includes."""
    yield Doubt(f"{manifest.name} is a program; dlint cannot tell which files it reads")
    for match in INCLUDE.finditer(manifest.text):
        for name in QUOTED.findall(match[1]):
            folder = name.strip(":").replace(":", "/")
            yield from (manifest.at(f"{folder}/{file}") for file in BUILD_FILES if manifest.here(f"{folder}/{file}"))
    yield from _applied(manifest)


def gradle_build(manifest: Manifest) -> Iterator[str | Doubt]:
    """build.gradle: the scripts that it applies."""
    yield Doubt(f"{manifest.name} is a program; dlint cannot tell which files it reads")
    yield from manifest.reads(GRADLE_READS)
    yield from _applied(manifest)


def sbt(manifest: Manifest) -> Iterator[str | Doubt]:
    """build.sbt: a program."""
    yield from manifest.named(manifest.text)
    yield Doubt(f"{manifest.name} is a program; dlint cannot tell which files it reads")
    yield from manifest.reads(SBT_READS)


def _applied(manifest: Manifest) -> Iterator[str | Doubt]:
    yield from (manifest.at(path) for path in APPLIED.findall(manifest.text) if manifest.here(path))
