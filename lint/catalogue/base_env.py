"""Which variables a base image sets; read from `data/base_env.toml`."""

from __future__ import annotations

from functools import cache, lru_cache

from . import tables
from .base_images import parse_reference
from .name_patterns import matches
from .platforms import plain_repository

DATA = "lint/catalogue/data/base_env.toml"
# The builder sets it where the image does not.
ALWAYS = frozenset({"PATH"})


@lru_cache(1000)
def variables_of(reference: str) -> frozenset[str] | None:
    """The names that the image may set; no other is set in it. None when the image is not known."""
    image = parse_reference(reference)
    if "windows" in (image.tag or "") or "nanoserver" in (image.tag or ""):
        return None
    repository = plain_repository(image.repository)
    return next((names for pattern, names in _table() if matches(repository, pattern)), None)


@cache
def _table() -> tuple[tuple[str, frozenset[str]], ...]:
    """Patterns of repositories with their names, plain ones first."""
    images = tables.table(DATA)["image"]
    rows = [(pattern, ALWAYS.union(item["env"])) for item in images for pattern in item["repositories"]]
    return tuple(sorted(rows, key=lambda row: "*" in row[0]))
