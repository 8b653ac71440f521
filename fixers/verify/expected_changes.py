"""What fixes are about: the files and settings that they are meant to change, read from the text before and after."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dockerlint.lint.analysis.leftovers import caches_of, removed
from dockerlint.lint.catalogue import tables
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes

from .ignored_differences import matching

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Iterator

    from dockerlint.lint.analysis.facts import Facts

DATA = "fixers/verify/aims.toml"
# what a path of a script must be for us to know which files it means
CLEAR = regex(r"[^$`\\~]+\Z")
# no file of these would be missed; a path above them says too little to be an aim
SHORTEST = 2


class Aim(Struct, frozen=True):
    """Paths that a fix is meant to change, and how."""

    path: str
    why: str


class Aims(Struct, frozen=True):
    """All that the fixes of a file are meant to change: paths, fields of the configuration, labels."""

    paths: tuple[Aim, ...] = ()
    fields: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()

    @classmethod
    def of(cls, before: Facts, after: Facts, codes: Iterable[str]) -> Aims:
        """What the text after its fixes cleans, mounts and leaves uncached more than the one before; and what codes say."""
        more = Counter(_cared_for(after)) - Counter(_cared_for(before))
        said = [_said()[code] for code in sorted(set(codes)) if code in _said()]
        paths = [*more, *(Aim(path, "what the fix is about") for item in said for path in item.get("paths", ()))]
        return cls(
            tuple(dict.fromkeys(paths)),
            frozenset(field for item in said for field in item.get("fields", ())),
            frozenset(label for item in said for label in item.get("labels", ())),
        )

    def patterns(self) -> tuple[tuple[re.Pattern[str], str], ...]:
        """Expressions for the paths and all below them, each with its reason."""
        return tuple((matching(aim.path), aim.why) for aim in self.paths)

    def leads_to(self, folder: str) -> bool:
        """Whether a path that the fixes are about lies below a folder: it may have been made for that alone."""
        return any(aim.path.startswith(folder.rstrip("/") + "/") for aim in self.paths)


@cache
def _said() -> dict[str, Any]:
    return tables.table(DATA)


def _cared_for(facts: Facts) -> Iterator[Aim]:
    """What the RUNs of a file take care of: paths that they remove, caches that they mount, clean or do not fill."""
    for run in facts.every(nodes.Run):
        for path, _ in removed(facts, run):
            yield from _removed(facts, run, path)
        for mount in facts.mounts(run):
            if mount.kind == "cache" and mount.target:
                yield Aim(mount.target, "is on a cache mount now")
        for call in facts.invocations(run):
            if call.action == "clean" or call.has(call.tool.action(call.action).no_cache):
                for item in caches_of(facts, run, call.tool):
                    yield Aim(item.path, f"the cache of {call.tool.name}")


def _removed(facts: Facts, run: nodes.Run, path: str) -> Iterator[Aim]:
    if not CLEAR.match(path) or path.strip("/.") == "":
        return
    if path.startswith("/"):
        if path.count("/") >= SHORTEST or "." in path:
            yield Aim(path, "is deleted now")
        return
    folder = facts.path(".", run)
    name = path.rsplit("/", 1)[-1]
    # where a script has gone by then is not known: by its name, then
    yield Aim(f"{folder.rstrip('/')}/{path}" if folder and len(facts.commands(run)) == 1 else f"/**/{name}", "is deleted now")
