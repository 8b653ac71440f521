"""One Dockerfile on two sides of a change: which findings come and go, and what it costs before and after."""

from __future__ import annotations

import os
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field
from msgspec.structs import replace

from dockerlint.lint.context.git_context import GitContext
from dockerlint.lint.engine.findings import LEAST_BYTES, LEAST_SECONDS
from dockerlint.lint.engine.fingerprint import fingerprints
from dockerlint.lint.shellcheck.runner import ShellCheckError
from dockerlint.lint.storage.errors import ConfigError, PluginError, SourceError
from dockerlint.lint.syntax.source import MOST_BESIDE, Source, of_bytes

from .task import context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dockerlint.fixers.cost import Estimate
    from dockerlint.fixers.cost.bounded import Amount
    from dockerlint.fixers.cost.cost_model import StepCost
    from dockerlint.fixers.cost.measured import Measurements
    from dockerlint.lint.context.build_context import Context
    from dockerlint.lint.engine.file_report import FileReport, Priced
    from dockerlint.lint.git.repository import Repository
    from dockerlint.lint.git.tree import Tree
    from dockerlint.lint.settings.config import Config

    from .one_file import FileWork
    from .task import Result, Task


class ComparedPair(Struct, frozen=True):
    """The paths of a Dockerfile in the repository, before and after; None where it is not there."""

    before: str | None
    after: str | None

    @property
    def status(self) -> str:
        """`added`, `deleted`, `renamed` or `modified`."""
        if self.before is None:
            return "added"
        if self.after is None:
            return "deleted"
        return "modified" if self.before == self.after else "renamed"


class ComparedFigure(Struct, frozen=True):
    """Bytes or seconds before and after; None where there is no file. `change` is None where they cannot be compared."""

    name: str
    is_bytes: bool
    before: Amount | None
    after: Amount | None
    change: float | None

    @property
    def is_other(self) -> bool:
        """Whether the change is worth a word, or nobody knows."""
        return self.change is None or abs(self.change) >= (LEAST_BYTES if self.is_bytes else LEAST_SECONDS)


class FileChange(Struct, frozen=True):
    """What a change does to one Dockerfile. The reports hold the findings that are only on their side.

    `sentences` say why a side could not be judged; only those of the side after it are errors.
    """

    pair: ComparedPair
    added: FileReport | None = None
    removed: FileReport | None = None
    figures: tuple[ComparedFigure, ...] = ()
    is_failing: bool = False
    notes: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()

    @property
    def is_shown(self) -> bool:
        """Whether there is something to tell of it."""
        has_findings = any(report and report.items for report in (self.added, self.removed))
        has_figures = any(item.is_other for item in self.figures)
        return not self.errors and (has_findings or has_figures or self.pair.status in ("added", "deleted"))


class _Side(Struct, frozen=True):
    """A file as it was judged: what `dlint check` has to say of it, and the work that led there."""

    work: FileWork
    result: Result


class Comparison(Struct):
    """Two trees of a repository, for all Dockerfiles in them."""

    task: Task
    repository: Repository
    before: Tree
    after: Tree
    _same: dict[str, bool] = field(default_factory=dict)

    def change(self, pair: ComparedPair) -> FileChange | None:
        """What became of a Dockerfile; None when neither it nor anything in its context is another."""
        notes: list[str] = []
        errors: list[str] = []
        new = self._judged(self.after, pair.after, errors)
        if pair.before == pair.after and new and self._is_same(pair, new.context):
            return None
        old = self._judged(self.before, pair.before, notes)
        if errors:
            return FileChange(pair, notes=tuple(notes), errors=tuple(errors))
        return _compared(pair, _side(old, notes), _side(new, errors), notes, errors)

    def shown(self, path: str) -> str:
        """A path of the repository as it is told to the user: from the current folder where that is in the work tree."""
        if not self.repository.has_work_tree:
            return path
        return Path(os.path.relpath(self.repository.top / path)).as_posix()

    def _judged(self, tree: Tree, path: str | None, problems: list[str]) -> FileWork | None:
        """A file that is ready to be judged; None when there is none, or it is no good."""
        if path is None:
            return None
        from .one_file import FileWork

        shown = self.shown(path)
        try:
            work = FileWork(self.task, Path(shown))
            work.read = _source(tree, path, shown)
            work.context = self._context(tree, path, work.config)
        except (SourceError, ConfigError, PluginError, ShellCheckError) as error:
            problems.append(str(error))
            return None
        return work

    def _context(self, tree: Tree, path: str, config: Config) -> Context | None:
        """The build context on one side; what lies outside of the repository is the same on both."""
        top = self.repository.top
        folder = path.rpartition("/")[0]
        if config.context is not None:
            real = config.context.resolve()
            if not real.is_relative_to(top):
                return context(config, Path(self.shown(path)))
            relative = real.relative_to(top).as_posix()
            folder = "" if relative == "." else relative
        return GitContext.within(tree, top, folder, path)

    def _is_same(self, pair: ComparedPair, around: Context | None) -> bool:
        """Whether the Dockerfile and all that lies in its context are the same before and after."""
        assert pair.after is not None
        prefix = around.prefix if isinstance(around, GitContext) else None
        if not self._is_same_at(pair.after):
            return False
        paths = {f"{pair.after}.dockerignore"}
        if prefix is not None:
            paths |= {path for tree in (self.before, self.after) for path in tree.entries if path.startswith(prefix)}
        return all(self._is_same_at(path) for path in paths)

    def _is_same_at(self, path: str) -> bool:
        if path not in self._same:
            # a link is the same, what it leads to may not be
            real = self.after.follow(path) or path
            self._same[path] = all(self.before.is_same(self.after, name) for name in {path, real})
        return self._same[path]


def _compared(
    pair: ComparedPair, old: _Side | None, new: _Side | None, notes: Sequence[str], errors: Sequence[str]
) -> FileChange:
    """The change that two sides make, either of which may be None."""
    before, after = old.result.report if old else None, new.result.report if new else None
    known = [set(_names(report)) for report in (before, after)]
    added, removed = _without(after, known[0]), _without(before, known[1])
    limit = new.result.fail_on if new else None
    return FileChange(
        pair,
        added,
        removed,
        tuple(_figures(*_estimates(old.work if old else None, new.work if new else None))),
        bool(limit and added and any(item.severity.at_least(limit) for item in added.items)),
        tuple(notes),
        tuple(errors),
    )


def _source(tree: Tree, path: str, shown: str) -> Source:
    """A file of a tree. Raises SourceError when it is no text of a fair size."""
    data = tree.read(path)
    if data is None:
        raise SourceError(f"{shown}: cannot be read: it has over {MOST_BESIDE // 10**6} MB, or leads out of the repository")
    return of_bytes(shown, data)


def _side(work: FileWork | None, problems: list[str]) -> _Side | None:
    if work is None:
        return None
    try:
        result = work.result()
    except (ConfigError, PluginError, ShellCheckError) as error:
        problems.append(str(error))
        return None
    problems += [item.sentence for item in result.failures]
    return _Side(work, result)


def _names(report: FileReport | None) -> list[str]:
    return fingerprints(report.doc, (item.finding for item in report.items)) if report else []


def _without(report: FileReport | None, known: set[str]) -> FileReport | None:
    """The report of those findings that the other side does not know."""
    if report is None:
        return None
    items: tuple[Priced, ...] = tuple(
        item for item, name in zip(report.items, _names(report), strict=True) if name not in known
    )
    return replace(report, items=items)


def _estimates(old: FileWork | None, new: FileWork | None) -> tuple[Estimate | None, Estimate | None]:
    """What both cost, by the measured figures that they have in common."""
    from dockerlint.fixers.cost import estimate
    from dockerlint.fixers.cost.saving import unchanged

    from .cost_speed import speed

    common: Measurements | None = None
    if old and new:
        common = unchanged(new.measured[0], old.facts(old.doc), new.facts(new.doc))

    def judge(work: FileWork | None) -> Estimate | None:
        if work is None:
            return None
        return estimate(
            work.doc, work.facts(work.doc), measured=common, selections=work.selections, **speed(work.config)
        )

    return judge(old), judge(new)


def _figures(old: Estimate | None, new: Estimate | None) -> Iterator[ComparedFigure]:
    """All that can be told of two estimates."""
    either = new or old
    if either is None:
        return
    figure = partial(_figure, old, new)
    yield figure("image", lambda found: found.image.adds, lambda step: step.adds)
    yield figure("shipped", lambda found: found.image.ships, lambda step: step.ships)
    yield figure("wasted", lambda found: found.image.wasted, lambda step: step.wasted)
    for item in either.scenarios:
        yield figure(item.name, partial(_seconds, name=item.name), lambda step: step.seconds, is_bytes=False)
    yield figure("expected build", lambda found: found.expected.seconds, lambda step: step.seconds, is_bytes=False)
    yield figure("expected push", lambda found: found.expected.pushed, lambda step: step.ships)


def _seconds(found: Estimate, name: str) -> Amount:
    return found.scenario(name).seconds


def _figure(
    old: Estimate | None,
    new: Estimate | None,
    name: str,
    of: Callable[[Estimate], Amount],
    part: Callable[[StepCost], Amount],
    *,
    is_bytes: bool = True,
) -> ComparedFigure:
    """One figure. Two sums with parts that nobody knows can be compared when these are the same steps."""
    before, after = (of(found) if found else None for found in (old, new))
    unknown = [
        Counter(step.instruction for step in (found.steps if found else ()) if not part(step).is_complete)
        for found in (old, new)
    ]
    change = (after.mid if after else 0.0) - (before.mid if before else 0.0)
    return ComparedFigure(name, is_bytes, before, after, change if unknown[0] == unknown[1] else None)


def totals(changes: Sequence[FileChange]) -> list[ComparedFigure]:
    """The figures of several files together; one that cannot be compared leaves its sum without a change."""
    rows: dict[str, list[ComparedFigure]] = {}
    for change in changes:
        for item in change.figures:
            rows.setdefault(item.name, []).append(item)
    return [_together(name, items) for name, items in rows.items()]


def _together(name: str, items: Sequence[ComparedFigure]) -> ComparedFigure:
    from dockerlint.fixers.cost.bounded import total

    before = total(item.before for item in items if item.before)
    after = total(item.after for item in items if item.after)
    known = [item.change for item in items if item.change is not None]
    return ComparedFigure(name, items[0].is_bytes, before, after, sum(known) if len(known) == len(items) else None)
