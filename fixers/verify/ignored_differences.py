"""Noise: what differs between two builds of one file, as far as it is known beforehand (noise.toml)."""

from __future__ import annotations

import re
from functools import cache

from msgspec import Struct

from dockerlint.lint.catalogue import tables
from dockerlint.lint.context.dockerignore import BELOW, glob_to_regex

DATA = "fixers/verify/noise.toml"


class Noise(Struct, frozen=True):
    """Paths, and why they differ; `names` says that they may also be there on one side only."""

    pattern: re.Pattern[str]
    why: str
    names: bool


@cache
def known() -> tuple[Noise, ...]:
    """The table."""
    table = tables.table(DATA)["noise"]
    return tuple(Noise(matching(item["path"]), item["why"], item.get("names", False)) for item in table)


def matching(path: str) -> re.Pattern[str]:
    """The expression for an absolute path with wildcards, and for all that lies below it."""
    return re.compile("/" + glob_to_regex(path.lstrip("/"), deep=True) + BELOW, re.DOTALL)
