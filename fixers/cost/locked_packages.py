"""The packages that manifest and lock files name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.json import decode

from dockerlint.lint.catalogue.name_patterns import matches
from dockerlint.lint.storage.lazy_regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable

REQUIREMENT = regex(r"\s*([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*(?:[=<>!~;@]|--hash|\\|#|$)")
YARN = regex(r"\"?(@?[^@\s\"]+)@")
PNPM = regex(r"  ['\"]?/?(@?[^@/\s]+(?:/[^@/\s]+)?)[@/][^\s]*:\s*$")
GO = regex(r"\s*(?:require\s+)?([\w.-]+\.[\w.-]+/[^\s]+|[\w.-]+\.[a-z]+)\s+v\d")
GEM = regex(r"    ([\w.-]+) \([^)]*\)\s*$")
POM = regex(r"<dependency>\s*<groupId>([^<]*)</groupId>\s*<artifactId>([^<]*)</artifactId>")
NUGET = regex(r"<PackageReference\s[^>]*Include=\"([^\"]+)\"", re.IGNORECASE)
MIX_LOCK = regex(r'\s*"([\w-]+)":')
MIX = regex(r'\{:(\w+),\s*(?:"|(?:git|github|path|hex|in_umbrella):)')
SWIFT = regex(r'"(?:identity|package)"\s*:\s*"([^"]+)"')
GRADLE = regex(r"""\b(?:implementation|api|runtimeOnly|compileOnly|annotationProcessor|kapt|ksp)[ \t(]{1,8}["']([\w.-]+:[\w.-]+)""")



class Packages(Struct, frozen=True):
    """Names of packages; `closed` says that all they need is among them, as in a lock file."""

    names: tuple[str, ...]
    closed: bool


def packages(name: str, text: str, *, dev: bool = True) -> Packages | None:
    """The packages that a file names, by its own name; None for a file of no known kind, or one that cannot be read.

    `dev` says whether those for development count, where the file tells them apart.
    """
    base = name.rsplit("/", 1)[-1]
    reader = next((reader for pattern, reader in READERS.items() if matches(base, pattern)), None)
    if reader is None:
        return None
    try:
        return reader(text, dev)
    except (ValueError, AttributeError, TypeError, KeyError, RecursionError):
        # someone else's file, in a shape that its own tool would refuse
        return None


def _requirements(text: str, _dev: bool) -> Packages:
    found = [match[1] for line in text.splitlines() if (match := REQUIREMENT.match(line))]
    # a file made by pip-compile or the like says of each package who wants it
    return Packages(tuple(found), "# via" in text or "--hash=" in text)


def _package_lock(text: str, dev: bool) -> Packages:
    data = decode(text)
    entries: dict[str, Any] = data.get("packages") or data.get("dependencies") or {}
    wanted = (
        name for name, entry in entries.items() if name and (dev or not entry.get("dev")) and not entry.get("link")
    )
    return Packages(tuple(name.rsplit("node_modules/", 1)[-1] for name in wanted), True)


def _package(text: str, dev: bool) -> Packages:
    data = decode(text)
    found = [*data.get("dependencies", {}), *(data.get("devDependencies", {}) if dev else ())]
    return Packages(tuple(found), False)


def _yarn_lock(text: str, _dev: bool) -> Packages:
    heads = (line for line in text.splitlines() if line[:1] not in ("", " ", "#") and line.rstrip().endswith(":"))
    return Packages(tuple(match[1] for line in heads if (match := YARN.match(line))), True)


def _pnpm_lock(text: str, _dev: bool) -> Packages:
    section = re.split(r"(?m)^(?=\S)", text)
    body = next((part for part in section if part.startswith("packages:")), "")
    return Packages(tuple(match[1] for line in body.splitlines() if (match := PNPM.match(line))), True)


def _toml_lock(text: str, _dev: bool) -> Packages:
    import tomllib

    data = tomllib.loads(text)
    return Packages(tuple(entry["name"] for entry in data.get("package", ())), True)


def _pyproject(text: str, _dev: bool) -> Packages:
    import tomllib

    data = tomllib.loads(text)
    wanted = data.get("project", {}).get("dependencies", [])
    poetry = [name for name in data.get("tool", {}).get("poetry", {}).get("dependencies", {}) if name != "python"]
    found = [match[1] for line in wanted if (match := REQUIREMENT.match(line))]
    return Packages((*found, *poetry), False)


def _pipfile_lock(text: str, dev: bool) -> Packages:
    data = decode(text)
    return Packages((*data.get("default", {}), *(data.get("develop", {}) if dev else ())), True)


def _cargo(text: str, _dev: bool) -> Packages:
    import tomllib

    return Packages(tuple(tomllib.loads(text).get("dependencies", {})), False)


def _go_mod(text: str, _dev: bool) -> Packages:
    found = (match[1] for line in text.splitlines() if (match := GO.match(line)))
    return Packages(tuple(found), "// indirect" in text or "go 1." in text)


def _composer_lock(text: str, dev: bool) -> Packages:
    data = decode(text)
    entries = [*data.get("packages", ()), *(data.get("packages-dev", ()) if dev else ())]
    return Packages(tuple(entry["name"] for entry in entries), True)


def _composer(text: str, dev: bool) -> Packages:
    data = decode(text)
    wanted = [*data.get("require", {}), *(data.get("require-dev", {}) if dev else ())]
    return Packages(tuple(name for name in wanted if "/" in name), False)


def _gemfile_lock(text: str, _dev: bool) -> Packages:
    return Packages(tuple(match[1] for line in text.splitlines() if (match := GEM.match(line))), True)


def _pom(text: str, _dev: bool) -> Packages:
    return Packages(tuple(f"{match[1]}:{match[2]}" for match in POM.finditer(text)), False)


def _project_file(text: str, _dev: bool) -> Packages:
    return Packages(tuple(match[1] for match in NUGET.finditer(text)), False)


def _mix_lock(text: str, _dev: bool) -> Packages:
    return Packages(tuple(match[1] for line in text.splitlines() if (match := MIX_LOCK.match(line))), True)


def _mix(text: str, _dev: bool) -> Packages:
    return Packages(tuple(match[1] for match in MIX.finditer(text)), False)


def _resolved(text: str, _dev: bool) -> Packages:
    return Packages(tuple(match[1] for match in SWIFT.finditer(text)), True)


def _gradle(text: str, _dev: bool) -> Packages:
    return Packages(tuple(match[1] for match in GRADLE.finditer(text)), False)


READERS: dict[str, Callable[[str, bool], Packages]] = {
    "package-lock.json": _package_lock,
    "npm-shrinkwrap.json": _package_lock,
    "package.json": _package,
    "yarn.lock": _yarn_lock,
    "pnpm-lock.yaml": _pnpm_lock,
    "poetry.lock": _toml_lock,
    "uv.lock": _toml_lock,
    "pdm.lock": _toml_lock,
    "Cargo.lock": _toml_lock,
    "Cargo.toml": _cargo,
    "pyproject.toml": _pyproject,
    "Pipfile.lock": _pipfile_lock,
    "go.mod": _go_mod,
    "composer.lock": _composer_lock,
    "composer.json": _composer,
    "Gemfile.lock": _gemfile_lock,
    "pom.xml": _pom,
    "mix.lock": _mix_lock,
    "mix.exs": _mix,
    "Package.resolved": _resolved,
    "build.gradle": _gradle,
    "build.gradle.kts": _gradle,
    "*.csproj": _project_file,
    "*.fsproj": _project_file,
    # whatever stands behind pip's -r
    "*.txt": _requirements,
    "*.in": _requirements,
}
