"""Whether a script checks what it has fetched: digests and signatures."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.lint.catalogue import tables
from dockerlint.lint.catalogue.name_patterns import matches_any
from dockerlint.lint.catalogue.tool import unwrapped

if TYPE_CHECKING:
    from dockerlint.lint.syntax.nodes import Run

    from .downloads import Download
    from .facts import Facts


class Digests(Struct, frozen=True):
    """What `data/digests.toml` says."""

    checks: frozenset[str]
    words: tuple[str, ...]
    artefacts: tuple[str, ...]
    programs: tuple[str, ...]


@cache
def known() -> Digests:
    """The data of `data/digests.toml`."""
    data = tables.table("lint/catalogue/data/digests.toml")
    lists = {name: tuple(data[name]) for name in ("words", "artefacts", "programs")}
    return Digests(frozenset(data["checks"]), **lists)


def is_checked(facts: Facts, run: Run) -> bool:
    """Whether a RUN compares a digest or checks a signature of anything it has fetched."""
    for command in facts.commands(run):
        words = unwrapped(command.words)
        if words and words[0].text.rsplit("/", 1)[-1] in known().checks:
            return True
    source = facts.doc.source(run.span)
    return any(word in source for word in known().words)


def is_artefact(found: Download, name: str) -> bool:
    """Whether what is fetched is a program or an archive, by the `name` it has on the server, or by where it goes."""
    if matches_any(name, known().artefacts):
        return True
    target = found.target or ""
    if matches_any(target, known().artefacts):
        return True
    return target.startswith(known().programs) and "." not in target.rsplit("/", 1)[-1]
