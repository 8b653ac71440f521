"""Which variables hold a credential, by name and by value; read from `data/secret_variables.toml`."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.lint.storage.lazy_regex import regex

from . import tables

if TYPE_CHECKING:
    import re

PARTS = regex(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


class _SecretData(Struct, frozen=True):
    words: frozenset[str]
    endings: tuple[str, ...]
    pairs: frozenset[str]
    about: frozenset[str]
    public: frozenset[str]
    names: frozenset[str]
    harmless: re.Pattern[str]
    hadolint_parts: tuple[str, ...]
    hadolint_names: frozenset[str]
    shapes: tuple[tuple[str, tuple[str, ...], re.Pattern[str]], ...]


def named_secret(name: str) -> bool:
    """Whether a variable of that name holds a credential, and not just something about one: `TOKEN`, not `TOKEN_URL`."""
    data = _data()
    if name.lower() in data.names:
        return True
    words = [word.lower() for word in PARTS.findall(name)]
    while words and words[-1].isdecimal():
        words.pop()
    if not words or words[-1] in data.about or not data.public.isdisjoint(words):
        return False
    pairs = (f"{first} {second}" for first, second in pairwise(words))
    return (
        not data.words.isdisjoint(words)
        or not data.pairs.isdisjoint(pairs)
        or any(word.endswith(data.endings) for word in words)
    )


def shape(value: str) -> str | None:
    """What kind of credential a value is by its form; None for any other text."""
    for kind, texts, pattern in _data().shapes:
        if any(text in value for text in texts) and pattern.search(value):
            return kind
    return None


def is_harmless(value: str) -> bool:
    """Whether a value is none whatever its name: nothing, one character many times, a switch, a path, an address."""
    return len(set(value)) <= 1 or bool(_data().harmless.fullmatch(value))


def named_secret_by_hadolint(name: str) -> bool:
    """Whether hadolint 2.15.1 takes a variable of that name for a credential."""
    data = _data()
    lower = name.lower()
    return lower in data.hadolint_names or any(part in lower for part in data.hadolint_parts)


@cache
def _data() -> _SecretData:
    data = tables.table("lint/catalogue/data/secret_variables.toml")
    return _SecretData(
        words=frozenset(data["words"]),
        endings=tuple(data["endings"]),
        pairs=frozenset(data["pairs"]),
        about=frozenset(data["about"]),
        public=frozenset(data["public"]),
        names=frozenset(data["names"]),
        harmless=regex(data["harmless"]),
        hadolint_parts=tuple(data["hadolint_parts"]),
        hadolint_names=frozenset(data["hadolint_names"]),
        shapes=tuple((item["kind"], tuple(item["with"]), regex(item["pattern"])) for item in data["shape"]),
    )
