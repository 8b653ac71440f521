"""Network rates as people write them."""

from __future__ import annotations

import re

from dockerlint.lint.storage.lazy_regex import regex

RATE = regex(r"(\d+(?:\.\d+)?)\s*([kMG]?)(bit|B)(?:/s|ps)?", re.IGNORECASE)
PREFIXES = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9}


def rate(text: str) -> float:
    """Bytes a second of `50Mbit`, `50 Mbit/s` or `6.25MB/s`; prefixes are decimal.

    Raises ValueError for anything else, and for 0.
    """
    match = RATE.fullmatch(text.strip())
    if not match or not float(match[1]):
        raise ValueError(f"a rate such as 50Mbit or 6MB/s, not {text!r}")
    bits = 8 if match[3].lower() == "bit" else 1
    return float(match[1]) * PREFIXES[match[2].lower()] / bits
