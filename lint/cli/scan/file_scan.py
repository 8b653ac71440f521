"""What is done with one file: parse, check, price, estimate."""

from __future__ import annotations

import hashlib
import math
import posixpath
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.fixers.cost.copy_selections import Selections
from dockerlint.fixers.cost.cost_model import estimate
from dockerlint.fixers.cost.saving import price
from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.cli.cost_speed import speed
from dockerlint.lint.cli.task import internal, settings
from dockerlint.lint.context.git_context import GitContext
from dockerlint.lint.engine import registry
from dockerlint.lint.engine.check_directive import Checks, is_check
from dockerlint.lint.engine.checker import check
from dockerlint.lint.engine.file_report import FileReport, Priced
from dockerlint.lint.engine.findings import Applicability, Severity
from dockerlint.lint.git.client import GitError
from dockerlint.lint.git.objects import Objects
from dockerlint.lint.git.tree import CommitTree
from dockerlint.lint.report.places import place
from dockerlint.lint.syntax.lines import Lines
from dockerlint.lint.syntax.parser import parse
from dockerlint.lint.syntax.source import MOST_BESIDE, decode, encode

from .scan_values import FileRow, FindingRow, Looked, ScanFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from dockerlint.fixers.cost.cost_model import Estimate
    from dockerlint.lint.context.build_context import Context
    from dockerlint.lint.engine.findings import Finding, Saving
    from dockerlint.lint.syntax.nodes import Dockerfile

    from .scan_values import File, Job


class UnreadableError(Exception):
    """A file that cannot be read as a Dockerfile; the message is a sentence."""


class _Opened(Struct):
    """A commit that is open for reading."""

    top: str
    commit: str
    objects: Objects
    tree: CommitTree


class Unit:
    """Looks at files, one after the other; of a repository that several of them are in, the tree is read once."""

    def __init__(self, job: Job, limited: Callable[[], AbstractContextManager[None]] = nullcontext) -> None:
        """`limited` is entered for all that is done with a text. Raises ConfigError and PluginError."""
        self._limited = limited
        self._config = job.config
        self._rules = job.config.rules(registry.rules())
        self._settings = settings(job.config)
        self._by_code = {rule.code: rule for rule in self._rules}
        self._opened: _Opened | None = None

    def look(self, file: File) -> Looked | ScanFailure:
        """What a file gives. Raises MemoryError, and nothing else: what goes wrong with one must not stop the others."""
        try:
            text, context = self._read(file)
            with self._limited():
                return self._look(file, text, context)
        except (GitError, UnreadableError) as error:
            return _failure(file, "unreadable", str(error))
        except MemoryError:
            raise
        except Exception as error:
            return _failure(file, "internal", internal(error))

    def close(self) -> None:
        """Ends what git is still doing."""
        if self._opened:
            self._opened.objects.__exit__()
            self._opened = None

    def _read(self, file: File) -> tuple[str, Context | None]:
        context: Context | None = None
        text = file.text
        if file.top:
            tree = self._tree(file)
            data = tree.read(file.path)
            if data is None:
                raise UnreadableError(f"the file is not there any more, or it has more than {MOST_BESIDE:,} bytes")
            text = decode(data)
            context = GitContext.within(tree, Path(file.top), posixpath.dirname(file.path), file.path)
        elif len(text) > MOST_BESIDE:
            raise UnreadableError(f"the text has more than {MOST_BESIDE:,} characters")
        if "\0" in text:
            raise UnreadableError("this is a binary file, not a Dockerfile")
        return text, context

    def _tree(self, file: File) -> CommitTree:
        if self._opened is None or (self._opened.top, self._opened.commit) != (file.top, file.commit):
            self.close()
            objects = Objects(Path(file.top))
            self._opened = _Opened(file.top, file.commit, objects, CommitTree(Path(file.top), file.commit, objects))
        return self._opened.tree

    def _look(self, file: File, text: str, context: Context | None) -> Looked:
        doc = parse(text)
        facts = Facts(doc, context, self._settings)
        selections = Selections(context)
        fast = speed(self._config)
        findings = check(doc, facts, self._rules, ignores=self._config.inline_ignores)
        savings = price(doc, findings, facts, selections=selections, **fast)
        items = tuple(self._priced(doc, finding, saving) for finding, saving in zip(findings, savings, strict=True))
        counted = FileReport(file.path, Lines(text), items).independent
        cost = estimate(doc, facts, selections=selections, **fast)
        rows = tuple(_finding(file, doc, item, counted) for item in items)
        return Looked(_row(file, doc, facts, cost, items, counted), rows)

    def _priced(self, doc: Dockerfile, finding: Finding, saving: Saving | None) -> Priced:
        rule = self._by_code[finding.code]
        level = Severity.ERROR if is_check(rule) and Checks.of(doc).error else self._config.level(rule)
        edits = finding.fix.edits if finding.fix else ()
        return Priced(finding, rule, level, saving, doc.enclosing(*(edit.span for edit in edits)) if edits else None)


def _row(
    file: File, doc: Dockerfile, facts: Facts, cost: Estimate, items: Sequence[Priced], counted: Sequence[Priced]
) -> FileRow:
    target = facts.graph.target
    base = facts.image(target) if target else None
    return FileRow(
        *_where(file),
        digest=hashlib.blake2b(encode(doc.text), digest_size=16).hexdigest(),
        lines=doc.text.count("\n") + (not doc.text.endswith("\n") and bool(doc.text)),
        stages=len(doc.stages),
        problems=len(doc.problems),
        findings=len(items),
        base_image=base,
        image_low=cost.image.adds.low,
        image_bytes=cost.image.adds.mid,
        image_high=_finite(cost.image.adds.high),
        shipped_bytes=cost.image.ships.mid,
        wasted_bytes=cost.image.wasted.mid,
        seconds_low=cost.expected.seconds.low,
        seconds=cost.expected.seconds.mid,
        seconds_high=_finite(cost.expected.seconds.high),
        pushed_bytes=cost.expected.pushed.mid,
        saving_bytes=sum(item.saving.image_bytes for item in counted if item.saving),
        saving_seconds=sum(item.saving.rebuild_seconds for item in counted if item.saving),
    )


def _finding(file: File, doc: Dockerfile, item: Priced, counted: Sequence[Priced]) -> FindingRow:
    finding, saving = item.finding, item.saving
    at = place(doc, finding.span)
    return FindingRow(
        *_where(file),
        code=finding.code,
        name=item.rule.name,
        level=item.severity.value,
        line=at.line,
        column=at.column,
        message=finding.message,
        fix=Applicability(finding.fix.applicability).name.lower() if finding.fix else None,
        saving_bytes=saving.image_bytes if saving else None,
        saving_seconds=saving.rebuild_seconds if saving else None,
        basis=saving.basis.value if saving else None,
        counted=any(other is item for other in counted),
    )


def _failure(file: File, kind: str, sentence: str) -> ScanFailure:
    return ScanFailure(*_where(file), kind, sentence)


def _where(file: File) -> tuple[str, str, str]:
    return file.repository, file.commit, file.path


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
