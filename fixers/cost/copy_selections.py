"""What COPY's patterns find in the context, and of which kind that is; looked up once for all versions of a file."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

from msgspec import Struct, field

from dockerlint.lint.catalogue.name_patterns import SPECIAL, matches, matches_any

from .build_graph import HOLE, with_holes
from .work_recipes import dependency_files

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping

    from dockerlint.lint.context.build_context import Context

    from .base_sizes import BaseSizes
    from .layer_contents import ContextFile
    from .step_result import StepResult

MOST_STEPS = 1000
SOURCE, DEPENDENCY = "source", "dependency"
BOTH = frozenset((SOURCE, DEPENDENCY))


class SourceEdit(Struct, frozen=True):
    """An edit of one source file: how likely it is among all such edits, and the patterns that see the file."""

    share: float
    patterns: frozenset[str | None]


class Selections(Struct):
    """The files of a context by pattern; of no context, nothing is found. The context must not change meanwhile.

    `neighbours` are the sizes of images that other Dockerfiles of the repository build. `done` is what came of steps (see `sizes`):
    the versions of a file have most of them in common.
    """

    context: Context | None = None
    neighbours: Callable[[str], BaseSizes] | None = None
    _found: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _kinds: dict[str, frozenset[str]] = field(default_factory=dict)
    _edits: dict[tuple[str | None, ...], tuple[SourceEdit, ...]] = field(default_factory=dict)
    _placed: dict[Hashable, Mapping[str, ContextFile]] = field(default_factory=dict)
    done: dict[Hashable, StepResult] = field(default_factory=dict)

    def select(self, pattern: str | None) -> tuple[str, ...]:
        """The files that a source of COPY names."""
        if pattern is None or self.context is None:
            return ()
        if pattern not in self._found:
            found = self.context.select(pattern) if HOLE not in pattern else _within_holes(pattern, self.context)
            self._found[pattern] = found
        return self._found[pattern]

    def kinds(self, pattern: str | None) -> frozenset[str]:
        """Which kinds of files a pattern stands for: with a context, those that are there; else by the pattern itself.

        A pattern that finds nothing tells of a context that is not the file's own: that says nothing either.
        """
        if pattern is None:
            return BOTH
        if pattern not in self._kinds:
            found = self.select(pattern)
            self._kinds[pattern] = _kinds_of(found) if found else kinds_by_name(pattern)
        return self._kinds[pattern]

    def edits(self, patterns: Iterable[str | None], folder_files: float) -> tuple[SourceEdit, ...]:
        """The edits of one source file that these patterns of COPY tell apart, with their shares; none when they see none.

        Each file is as likely as any other. Where nobody knows the files, a pattern that may be a folder stands for
        `folder_files` of them, any other one for one, and what is in a pattern is also in one that takes everything.
        """
        wanted = tuple(pattern for pattern in dict.fromkeys(patterns) if SOURCE in self.kinds(pattern))
        if wanted not in self._edits:
            self._edits[wanted] = self._grouped(wanted, folder_files)
        return self._edits[wanted]

    def _grouped(self, wanted: tuple[str | None, ...], folder_files: float) -> tuple[SourceEdit, ...]:
        bits: dict[str, int] = {}
        for number, pattern in enumerate(wanted):
            for name in self.select(pattern):
                bits[name] = bits.get(name, 0) | 1 << number
        weights: dict[frozenset[str | None], float] = {
            frozenset(pattern for number, pattern in enumerate(wanted) if mask >> number & 1): count
            for mask, count in Counter(mask for name, mask in bits.items() if not is_dependency(name)).items()
        }
        guessed = [pattern for pattern in wanted if not self.select(pattern)]
        whole = frozenset(pattern for pattern in guessed if takes_all(pattern))
        for pattern in guessed:
            key = whole if pattern in whole else whole | {pattern}
            weights[key] = weights.get(key, 0) + (folder_files if may_be_folder(pattern) else 1)
        every = sum(weights.values())
        return tuple(SourceEdit(weight / every, key) for key, weight in weights.items())

    def keep(self, key: Hashable, found: StepResult) -> StepResult:
        """Notes what came of a step; all is forgotten when it gets too much."""
        if len(self.done) >= MOST_STEPS:
            self.done.clear()
        self.done[key] = found
        return found

    def placed(self, key: Hashable, place: Callable[[], Mapping[str, ContextFile]]) -> Mapping[str, ContextFile]:
        """The files that a COPY puts into the image, by their paths there; `key` is all that `place` depends on."""
        if key not in self._placed:
            self._placed[key] = place()
        return self._placed[key]


def _within_holes(pattern: str, context: Context) -> tuple[str, ...]:
    expression = with_holes(pattern)
    return tuple(name for name in context.files if expression.match(name))


def is_dependency(path: str) -> bool:
    """Whether a file by its own name says which packages a project needs."""
    name = path.rsplit("/", 1)[-1]
    plain, patterns = _dependencies()
    return name in plain or matches_any(name, patterns)


@cache
def _dependencies() -> tuple[frozenset[str], tuple[str, ...]]:
    """The names of files that say so, and the patterns of such names."""
    files = dependency_files()
    return frozenset(files), tuple(name for name in files if not SPECIAL.isdisjoint(name))


def takes_all(pattern: str | None) -> bool:
    """Whether a pattern takes the whole context, for all we know."""
    return pattern is None or pattern.strip("/") in ("", ".", "./.", "*", "./*", "**")


def may_be_folder(pattern: str | None) -> bool:
    """Whether a pattern is likely to stand for many files: it has wildcards, or its last part has no extension."""
    if takes_all(pattern) or pattern is None:
        return True
    if HOLE in pattern:
        pattern = pattern.rstrip("/").rsplit("/", 1)[-1].replace(HOLE, "x")
    return "*" in pattern or "." not in pattern.rstrip("/").rsplit("/", 1)[-1]


def kinds_by_name(pattern: str) -> frozenset[str]:
    """The kinds that a pattern stands for when nobody knows the files: all, dependency files, or source."""
    pattern = pattern.replace(HOLE, "*")
    name = pattern.rstrip("/").rsplit("/", 1)[-1]
    if name in ("", ".", "*", "**"):
        return BOTH
    if is_dependency(name):
        return frozenset((DEPENDENCY,))
    meant = sum(matches(file.replace("*", ""), name) for file in dependency_files()) if "*" in name else 0
    if name.startswith("*"):
        # `*.json` may mean anything; `*.py` means the source, though there is a setup.py
        return BOTH if meant > 1 else frozenset((SOURCE,))
    return frozenset((DEPENDENCY if meant else SOURCE,))


def _kinds_of(paths: tuple[str, ...]) -> frozenset[str]:
    found: set[str] = set()
    for path in paths:
        found.add(DEPENDENCY if is_dependency(path) else SOURCE)
        if len(found) == len(BOTH):
            break
    return frozenset(found)
