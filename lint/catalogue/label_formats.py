"""The kinds of values that a label schema may ask for, and what fits them."""

from __future__ import annotations

import re
from functools import cache

from msgspec import Struct

from dockerlint.lint.storage.lazy_regex import regex

from . import tables

# Source: RFC 3986, appendix A; anything that may stand in a URI, behind a scheme.
URL = regex(r"[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")
NO_HOST = regex(r"[A-Za-z0-9+.-]+://(?:[/?#].*)?", re.DOTALL)
# Source: RFC 3339, section 5.6.
DATE = regex(
    r"(?P<year>\d{4,9})-(?P<month>\d\d)-(?P<day>\d\d)[Tt](?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
    r"(?P<fraction>\.\d*)?(?:[Zz]|[+-](?P<hours>\d\d)(?P<colon>:?)(?P<minutes>\d\d))",
    re.ASCII,
)
# Git shortens a commit's name to as few characters as tell it from the others.
HASH = regex(r"[0-9a-f]{7,40}|[0-9a-f]{64}")
HASH_OF_HADOLINT = regex(r"[0-9a-f]{7}|[0-9a-f]{40}")
# Source: https://semver.org, version 2.0.0.
_PARTS = r"(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)"
_ANY = r"(?:[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)"
_NUMBER = r"(?:0|[1-9]\d*)"
SEMVER = regex(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-{_PARTS}(?:\.{_PARTS})*)?(?:\+{_ANY})?", re.ASCII)
SEMVER_OF_HADOLINT = regex(rf"\d+\.\d+\.\d+(?:-{_ANY}?)?(?:\+{_ANY}?)?", re.ASCII)
# Source: RFC 5322, section 3.4.1, without comments and obsolete forms.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
EMAIL = regex(
    rf'(?:{_ATOM}(?:\.{_ATOM})*|"(?:[^"\\\r\n]|\\.)+")@(?:{_NAME}(?:\.{_NAME})*|\[[0-9A-Za-z.:]+\])', re.ASCII
)
LICENSE_PARTS = regex(r"[()]|[^\s()]+")
REFERENCE = regex(r"(?:DocumentRef-[A-Za-z0-9.-]+:)?LicenseRef-[A-Za-z0-9.-]+")
EMPTY_FITS = "rawtext"
# Source: the kinds that hadolint 2.15.1 takes.
KINDS = ("text", "url", "rfc3339", "hash", "spdx", "semver", "email")


class _Licenses(Struct, frozen=True):
    known: frozenset[str]
    exceptions: frozenset[str]
    known_to_hadolint: frozenset[str]


def may_be_empty(kind: str) -> bool:
    """Whether a label of that kind may have an empty value."""
    return kind.lower() == EMPTY_FITS


def fits(kind: str, value: str, *, as_hadolint: bool = False) -> bool:
    """Whether a value is of a kind: `url`, `rfc3339`, `spdx`, `hash`, `semver` or `email`; other kinds take any text.

    `as_hadolint` is hadolint 2.15.1's idea of it, where that is another one (measured).
    """
    match kind.lower():
        case "url":
            return bool(URL.fullmatch(value)) and (as_hadolint or not NO_HOST.fullmatch(value) or value[:5] == "file:")
        case "rfc3339":
            return _is_date(value, as_hadolint=as_hadolint)
        case "spdx":
            return value.strip() in _licenses().known_to_hadolint if as_hadolint else _is_license(value)
        case "hash":
            return bool((HASH_OF_HADOLINT if as_hadolint else HASH).fullmatch(value))
        case "semver":
            return bool((SEMVER_OF_HADOLINT if as_hadolint else SEMVER).fullmatch(value))
        case "email":
            return bool(EMAIL.fullmatch(value.strip().removesuffix(".") if as_hadolint else value))
        case _:
            return True


def _is_date(value: str, *, as_hadolint: bool) -> bool:
    match = DATE.fullmatch(value)
    if not match:
        return False
    year, month, day, hour, minute, second = (int(match[name]) for name in DATE.groupindex if name in _UNITS)
    if not (1 <= month <= 12 and 1 <= day <= _days(year, month) and hour < 24 and minute < 60 and second <= 60):
        return False
    if as_hadolint:
        return True
    offset = match["hours"] is None or (
        bool(match["colon"]) and int(match["hours"]) < 24 and int(match["minutes"]) < 60
    )
    return offset and len(match["year"]) == 4 and match["fraction"] != "."


_UNITS = frozenset({"year", "month", "day", "hour", "minute", "second"})


def _days(year: int, month: int) -> int:
    """The days of a month; years repeat after 400."""
    from calendar import monthrange

    return monthrange(2000 + year % 400, month)[1]


def _is_license(value: str) -> bool:
    """Whether it is a license expression of SPDX: identifiers with AND, OR, WITH and parentheses."""
    depth = 0
    operand = True
    parts = LICENSE_PARTS.findall(value)
    for index, part in enumerate(parts):
        if operand and part == "(":
            depth += 1
        elif operand:
            if not _is_operand(part, parts[index - 1] if index else ""):
                return False
            operand = False
        elif part == ")" and depth:
            depth -= 1
        elif part in ("AND", "OR") or (part == "WITH" and parts[index - 1] != ")"):
            operand = True
        else:
            return False
    return not operand and depth == 0


def _is_operand(part: str, before: str) -> bool:
    known = _licenses()
    if before == "WITH":
        return part in known.exceptions
    return part.removesuffix("+") in known.known or bool(REFERENCE.fullmatch(part))


@cache
def _licenses() -> _Licenses:
    data = {key: frozenset(names.split()) for key, names in tables.table("lint/catalogue/data/licenses.toml").items()}
    return _Licenses(
        known=data["licenses"] | data["deprecated"],
        exceptions=data["exceptions"],
        known_to_hadolint=data["licenses"] - data["unknown_to_hadolint"] | data["known_to_hadolint"],
    )
