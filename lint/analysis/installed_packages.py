"""What is installed in an image, as its package managers list it: packages with their versions, to pin them by.

Sources: dpkg-query(1) on `dpkg -l`; apk-list(8) and apk-info(8); rpm(8) on `rpm -qa`; pip's `freeze`; npm's `ls --json`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dockerlint.lint.storage.errors import ConfigError
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax.source import reason, whole

if TYPE_CHECKING:
    from pathlib import Path

# Those of the largest images have some thousand packages.
MOST_BYTES = 16_000_000
# Versions by package, by the kind of list that they were read from.
Pins = Mapping[str, Mapping[str, str]]

# A version that a shell takes for one plain word.
VERSION = regex(r"[\w.+:~^-]+", re.ASCII)
DPKG = regex(r"[a-z]i[ R][ \t]+([a-z0-9][\w.+-]*)(?::\w+)?[ \t]+(\S+)[ \t]+\S+(?:[ \t]|$)")
DPKG_OTHER = regex(r"(?:Desired=|\||\+\+\+-|[a-z][a-zA-Z][ R][ \t]+\S+[ \t])")
APK = regex(r"([\w.+-]+?)-(\d[^\s-]*-r\d+)(?:$|[ \t].*(?:\[installed\]|- ).*)")
RPM = regex(r"([\w.+-]+)-([\w.+~^]+-[\w.+~^]+?)(?:\.(?:noarch|x86_64|aarch64|i[3-6]86|ppc64le|s390x|armv7hl|riscv64|\(none\)))?")
PIP = regex(r"([A-Za-z0-9][\w.-]*)===?([^\s;#]+)(?:[ \t]*[;#].*)?")
PIP_OTHER = regex(r"(?:#|-e[ \t]|[A-Za-z0-9][\w.-]*[ \t]*@[ \t])")
NOISE = regex(r"(?:WARNING|npm (?:warn|WARN)|gpg-pubkey-)")


def read(path: Path) -> Pins:
    """The versions of a file.

    Raises ConfigError when it cannot be read, or is the output of no command that is known.
    """
    try:
        text = whole(path, MOST_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {reason(error)}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not a text file") from error
    found = parse(text)
    if found is None:
        raise ConfigError(
            f"{path}: not a list of packages: give what `dpkg -l`, `apk info -v`, `apk list -I`, `rpm -qa`, "
            "`pip freeze` or `npm ls --json` writes"
        )
    kind, versions = found
    if not versions:
        raise ConfigError(f"{path}: the list names no installed package")
    return {kind: versions}


def merge(lists: Iterator[Pins]) -> Pins:
    """Several lists as one; of two versions of a package the later counts."""
    merged: dict[str, dict[str, str]] = {}
    for pins in lists:
        for kind, versions in pins.items():
            merged.setdefault(kind, {}).update(versions)
    return merged


def parse(text: str) -> tuple[str, dict[str, str]] | None:
    """The kind of a list and its versions; None when it is of no known kind."""
    if text.lstrip().startswith(("{", "[")):
        return _json(text)
    lines = [line.rstrip() for line in text.splitlines() if line.strip() and not NOISE.match(line)]
    for kind, package, other in KINDS:
        matches = [package.fullmatch(line) if kind != "dpkg" else package.match(line) for line in lines]
        strange = (line for line, match in zip(lines, matches, strict=True) if not match and not (other and other.match(line)))
        if any(matches) and next(strange, None) is None:
            return kind, _plain((canonical(kind, match[1]), match[2]) for match in matches if match)
    return None


# apk's before rpm's: a package of Alpine's reads as one of rpm's too.
KINDS: tuple[tuple[str, re.Pattern[str], re.Pattern[str] | None], ...] = (
    ("dpkg", DPKG, DPKG_OTHER),
    ("pip", PIP, PIP_OTHER),
    ("apk", APK, None),
    ("rpm", RPM, None),
)


def canonical(kind: str, name: str) -> str:
    """The name that a package is known by: Python's packages have several spellings."""
    return re.sub(r"[-_.]+", "-", name).lower() if kind == "pip" else name


def _plain(pairs: Iterator[tuple[str, str]]) -> dict[str, str]:
    return {name: version for name, version in pairs if VERSION.fullmatch(version)}


def _json(text: str) -> tuple[str, dict[str, str]] | None:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or not isinstance(data.get("dependencies"), dict):
        return None
    return "npm", _plain(_npm(data["dependencies"]))


def _npm(packages: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The packages that were asked for; what they bring along is not pinned by name."""
    for name, item in packages.items():
        if isinstance(item, dict) and isinstance(item.get("version"), str):
            yield name, item["version"]
