"""How a file is checked: its configuration, rules and context, until one of the files that say so changes."""

from __future__ import annotations

from contextlib import suppress
from functools import cache, cached_property
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.cli.cost_speed import speed
from dockerlint.lint.cli.one_file import FileWork
from dockerlint.lint.cli.task import Task, internal
from dockerlint.lint.engine.file_report import Priced
from dockerlint.lint.settings import config_files
from dockerlint.lint.shellcheck import runner
from dockerlint.lint.shellcheck.comment_cache import Comments
from dockerlint.lint.shellcheck.runner import ShellCheckError
from dockerlint.lint.storage.errors import ConfigError, PluginError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from dockerlint.fixers.cost.cost_model import Estimate
    from dockerlint.lint.engine.findings import Finding
    from dockerlint.lint.engine.rule import Rule
    from dockerlint.lint.shellcheck.runner import ScriptComment
    from dockerlint.lint.syntax.nodes import Dockerfile

    from .documents import Document

NAMES = (config_files.OWN_FILE, config_files.PYPROJECT, *config_files.HADOLINT_FILES)

State = tuple[tuple[str, int, int], ...]


class SupersededError(Exception):
    """The text has changed since the work on it began."""


class Remembered(Comments):
    """ShellCheck, which takes its time, answers from memory: it is asked when a file is opened or saved."""

    def learn(self, scripts: Iterable[str]) -> None:
        """Does nothing: `ask` does."""

    def of(self, script: str) -> tuple[ScriptComment, ...] | None:
        """What is known of a script; None where it was not asked yet."""
        return self._known.get(script)

    def ask(self, scripts: Iterable[str]) -> None:
        """Ask for all that is not known yet. Raises ShellCheckError."""
        super().learn(scripts)


@cache
def remembered() -> Remembered | None:
    """ShellCheck, one for all files; None when it is not installed."""
    program = runner.find()
    return Remembered(program, None) if program else None


class Setup:
    """How one file is checked.

    `problem` says what is wrong with its configuration; then nothing is found. `failed` are sentences on rules that raised
    errors; `is_wanted` says whether somebody still waits for what is being worked out.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.state = state(path)
        self.problem: str | None = None
        self.failed: list[str] = []
        self.is_wanted: Callable[[], bool] = lambda: True
        self.work: FileWork | None = None
        config_files.forget()
        try:
            self.work = FileWork(Task(cache=False), path)
        except (ConfigError, PluginError, ShellCheckError) as error:
            self.problem = str(error)
            return
        self.work.rules = tuple(self._guarded(rule) for rule in self.work.rules)
        if self.work.shellcheck:
            self.work.shellcheck = remembered()

    @property
    def is_current(self) -> bool:
        """Whether the configuration files are as they were."""
        return self.state == state(self.path)

    def facts(self, doc: Dockerfile) -> Facts:
        """The facts of a text."""
        return self.work.facts(doc) if self.work else Facts(doc)

    def found(self, doc: Dockerfile) -> tuple[Priced, ...]:
        """What the rules find, by place. Raises SupersededError when nobody waits for it any more."""
        if self.work is None:
            return ()
        return tuple(self._leveled(self.work, doc, self.work.find(doc)))

    def estimate(self, doc: Dockerfile) -> Estimate | None:
        """What the file costs; None when its configuration is no good."""
        if self.work is None:
            return None
        from dockerlint.fixers.cost.cost_model import estimate

        work = self.work
        return estimate(
            doc, work.facts(doc), measured=work.measured[0], selections=work.selections, **speed(work.config)
        )

    def learn(self, doc: Dockerfile) -> bool:
        """Asks ShellCheck for the scripts of a text; whether there may be something new."""
        known = self.work.shellcheck if self.work else None
        if self.work is None or not isinstance(known, Remembered):
            return False
        from dockerlint.lint.engine.shellcheck_findings import scripts

        # a fresh look: the facts of `work` belong to another thread
        facts = Facts(doc, None, self.work.settings, known)
        with suppress(ShellCheckError):
            known.ask(scripts(facts))
        return True

    def _leveled(self, work: FileWork, doc: Dockerfile, findings: Iterable[Finding]) -> Iterator[Priced]:
        for finding in findings:
            rule = work.by_code[finding.code]
            yield Priced(finding, rule, work.level(doc, rule))

    def _guarded(self, rule: Rule) -> Rule:
        """The rule, which gives up when the text has changed and keeps its errors to itself."""

        def check(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
            if not self.is_wanted():
                raise SupersededError
            try:
                return iter(list(rule.check(doc, facts)))
            except Exception as error:
                self.failed.append(f"{self.path}: {rule.code}: {internal(error)}")
                return iter(())

        return replace(rule, check=check)


class FileView:
    """One version of a document as its setup sees it: facts, findings and costs, each worked out when first asked for."""

    def __init__(self, document: Document, setup: Setup) -> None:
        self.document = document
        self.setup = setup
        self.doc = document.doc
        self.places = document.places

    @cached_property
    def facts(self) -> Facts:
        """Its facts."""
        return self.setup.facts(self.doc)

    @cached_property
    def found(self) -> tuple[Priced, ...]:
        """What the rules find in it. Raises SupersededError when the text has changed meanwhile."""
        return self.setup.found(self.doc)

    @cached_property
    def cost(self) -> Estimate | None:
        """What it costs."""
        return self.setup.estimate(self.doc)


def state(path: Path) -> State:
    """The configuration files that may hold for a file, with their sizes and times."""
    folder = path.parent.resolve()
    found = []
    for level in (folder, *folder.parents):
        for name in NAMES:
            with suppress(OSError):
                known = (level / name).stat()
                found.append((str(level / name), known.st_size, known.st_mtime_ns))
    return tuple(found)
