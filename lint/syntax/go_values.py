"""Values as the builder's own language, Go, reads them: booleans, numbers, durations, sizes."""

from __future__ import annotations

import re

from dockerlint.lint.storage.lazy_regex import regex

# Source: strconv.ParseBool.
BOOLEANS = frozenset("1 t T TRUE true True 0 f F FALSE false False".split())
# Source: time.ParseDuration; the longest is what an int64 of nanoseconds holds.
_UNIT = r"(?:ns|us|µs|μs|ms|s|m|h)"
_NUMBER = r"(?:\d+\.?\d*|\.\d+)"
DURATION = regex(rf"[+-]?(?:0|(?:{_NUMBER}{_UNIT})+)\Z", re.ASCII)
_PART = regex(rf"({_NUMBER})({_UNIT})", re.ASCII)
NANOSECONDS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
LARGEST = 2**63 - 1
# Digits beyond which a number is larger than any that there is, whatever they are.
MOST_DIGITS = 30
# Source: the package docker/go-units, RAMInBytes.
SIZE = regex(r"(?:\d+\.?\d*|\.\d+)(?:e\+?\d+)? ?(?:[kmgtp]?i?b?)\Z", re.ASCII | re.IGNORECASE)
_INTEGER = regex(r"[+-]?\d+\Z", re.ASCII)


def is_boolean(text: str) -> bool:
    """Whether a text is true or false."""
    return text in BOOLEANS


def integer(text: str, bits: int) -> int | None:
    """A decimal whole number with or without a sign; None when it is none, or does not fit into so many bits."""
    if not _INTEGER.match(text) or len(text.lstrip("+-0")) > MOST_DIGITS:
        return None
    value = int(text)
    return value if -(2 ** (bits - 1)) <= value < 2 ** (bits - 1) else None


def unsigned(text: str, bits: int, base: int = 10) -> int | None:
    """A number without a sign; None when it is none, or does not fit into so many bits."""
    digits = "01234567" if base == 8 else "0123456789"
    if not text or text.strip(digits) or len(text.lstrip("0")) > MOST_DIGITS:
        return None
    value = int(text, base)
    return value if value < 2**bits else None


def nanoseconds(text: str) -> float | None:
    """A duration such as 30s or 1m30s; None when it is none, or longer than 292 years."""
    if not DURATION.match(text):
        return None
    total = 0.0
    for number, unit in _PART.findall(text):
        if len(number) > MOST_DIGITS:
            return None
        total += float(number) * NANOSECONDS[unit]
    if total > LARGEST:
        return None
    return -total if text.startswith("-") else total


def is_size(text: str) -> bool:
    """Whether a text is a number of bytes such as 64m or 1.5GiB."""
    return SIZE.match(text) is not None
