"""What is done with one file: reading, fixing, checking, pricing."""

from __future__ import annotations

import copyreg
from contextlib import suppress
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.context.recording_context import Watched
from dockerlint.lint.engine import registry, shellcheck_findings
from dockerlint.lint.engine.causes import joined
from dockerlint.lint.engine.check_directive import Checks, is_check
from dockerlint.lint.engine.checker import check
from dockerlint.lint.engine.file_report import FileReport, Fixed, Gain, Priced
from dockerlint.lint.engine.findings import Severity
from dockerlint.lint.engine.rule import Rule
from dockerlint.lint.engine.shellcheck_rules import script_rule
from dockerlint.lint.shellcheck import comment_cache, runner
from dockerlint.lint.shellcheck.runner import ShellCheckError
from dockerlint.lint.storage import sqlite_store
from dockerlint.lint.storage.errors import ConfigError, PluginError, SourceError
from dockerlint.lint.syntax import source
from dockerlint.lint.syntax.lines import Lines
from dockerlint.lint.syntax.parser import parse
from dockerlint.lint.syntax.source import STDIN

from . import registry_images
from .cost_speed import speed
from .exit_status import INTERNAL
from .measured_inputs import kept
from .task import Failure, Result, Task, configuration, context, internal, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from dockerlint.fixers.cost.copy_selections import Selections
    from dockerlint.fixers.cost.cost_model import Estimate
    from dockerlint.fixers.cost.measured import Measurements
    from dockerlint.fixers.loop import FixOutcome
    from dockerlint.lint.context.recording_context import Question
    from dockerlint.lint.engine.findings import Finding, Saving
    from dockerlint.lint.settings.config import Config, Layer
    from dockerlint.lint.syntax.nodes import Dockerfile
    from dockerlint.lint.syntax.source import Source

# Rules that want to know what ShellCheck says.
ASKING = frozenset({"DF701"})

# Rules that look for what the build does not need, which another build of the same file may.
OF_ONE_BUILD = frozenset({"DF302"})

# How many estimates of a file are kept: the first and the last text, and two on the way.
MOST_ESTIMATES = 4

# What is told as it is: these are no bugs.
TOLD = (SourceError, ConfigError, PluginError, ShellCheckError)

T = TypeVar("T")

# A rule holds a function that its module hides behind the rule itself; another process finds it by its code.
copyreg.pickle(Rule, lambda rule: (rule_of, (rule.code, rule.severity)))


def work(task: Task, paths: Sequence[Path]) -> list[Result]:
    """Check, and fix if asked, some files. Raises nothing: what goes wrong with one must not stop the others."""
    opened = [_guarded(path, partial(FileWork, task, path)) for path in paths]
    _ask_shellcheck([item for item in opened if isinstance(item, FileWork)])
    return [item if isinstance(item, Result) else _guarded(item.path, item.result) for item in opened]


def _guarded(path: Path, step: Callable[[], T]) -> T | Result:
    try:
        return step()
    except TOLD as error:
        return Result(failures=(Failure(str(error)),))
    except Exception as error:
        return Result(failures=(Failure(f"{path}: {internal(error)}", INTERNAL),))


def _ask_shellcheck(files: Sequence[FileWork]) -> None:
    """Ask ShellCheck for the scripts of all files at once; what fails here is told by the file when its turn comes."""
    for known in {id(item.shellcheck): item.shellcheck for item in files if item.shellcheck}.values():
        texts = [_guarded(item.path, item.scripts) for item in files if item.shellcheck is known]
        with suppress(ShellCheckError):
            known.learn(text for found in texts if not isinstance(found, Result) for text in found)


def rule_of(code: str, severity: Severity) -> Rule:
    """The rule of a code; `severity` is that of one of ShellCheck's."""
    known = (rule for rule in registry.rules() if rule.code == code)
    return next(known, None) or script_rule(code, severity)


@cache
def _comments(cached: bool, calls: int) -> comment_cache.Comments | None:
    """ShellCheck with its memory, one for all files of this process; None when it is not installed."""
    program = runner.find()
    return comment_cache.Comments(program, sqlite_store.comments() if cached else None, calls) if program else None


def _shellcheck(task: Task, config: Config, rules: Iterable[Rule]) -> comment_cache.Comments | None:
    asked = config.shellcheck != "off" and any(rule.code in ASKING for rule in rules)
    if not config.wants_shellcheck and not asked:
        return None
    found = _comments(task.cache, task.calls)
    if found is None and config.shellcheck == "on":
        raise ConfigError(
            "--shellcheck on: ShellCheck is not installed; `pip install 'dockerlint[shellcheck]'` installs it"
        )
    return found


class FileWork:
    """One file on its way through reading, fixing and checking, as its first build sees it; `others` see it as the rest do."""

    def __init__(self, task: Task, path: Path, build: Layer | None = None, given: Source | None = None) -> None:
        first, *rest = (build,) if build is not None else task.builds.get(path, ({},))
        self.others = [FileWork(task, path, other) for other in rest]
        self.task = task
        self.path = path
        # what stands for the file, where it is not read
        self.given = given
        self.is_stdin = str(path) == STDIN
        self.config = configuration(task, path, first)
        self.rules = self.config.rules(registry.rules(), None if self.is_stdin else path)
        if any(layer.get("target") for layer in task.builds.get(path, ())):
            self.rules = tuple(rule for rule in self.rules if rule.code not in OF_ONE_BUILD)
        self.by_code = {rule.code: rule for rule in self.rules}
        self.own = frozenset(self.by_code)
        self.context = context(self.config, path, Watched)
        self.settings = replace(settings(self.config), pins=task.pins, images=registry_images.images() if task.online else None)
        self.shellcheck = _shellcheck(task, self.config, self.rules)
        self._facts: Facts | None = None
        self._kept_estimates: dict[tuple[str, Measurements | None], Estimate] = {}
        # code and source of the fixes that would cost more than they save
        self._declined: frozenset[tuple[str, str]] = frozenset()
        # By code, the rules that failed; None while their errors are raised.
        self._broken: dict[str, Failure] | None = None

    @cached_property
    def read(self) -> Source:
        """The file's bytes and its text."""
        if self.given is not None:
            return self.given
        return source.read_stdin() if self.is_stdin else source.read(self.path)

    @cached_property
    def doc(self) -> Dockerfile:
        """The tree of the text as it was read."""
        return parse(self.read.text)

    def scripts(self) -> list[str]:
        """The texts that ShellCheck is to look at."""
        return [text for item in (self, *self.others) for text in shellcheck_findings.scripts(item.facts(self.doc))]

    def result(self) -> Result:
        """What came of the file: fixed if asked, checked, priced."""
        read = self.read
        broken: dict[str, Failure] = {}
        for item in (self, *self.others):
            item._broken = broken
        notes = [*self.config.notes, *_notes(read)]
        failures: list[Failure] = []
        text = read.text
        fixed: tuple[Fixed, ...] = ()
        outcome = None
        if self.task.fix or self.task.diff:
            from dockerlint.fixers.loop import ENDLESS

            outcome = self._fix(read.text)
            notes += [
                f"{read.path}:{item.line}: dlint did not apply the fix of {item.code}: {item.reason}; please report it"
                for item in outcome.dropped
            ]
            self._declined = outcome.declined
            text, fixed, failures = self._keep(read, outcome, notes)
            endless = dict.fromkeys(item.code for item in outcome.dropped if item.reason == ENDLESS)
            failures += [Failure(f"{read.path}: {code}: its fixes do not settle; dlint applied none of them", INTERNAL) for code in endless]
        doc = self.doc if text == read.text else parse(text)
        gain = self._gain(doc) if fixed and self.task.savings else None
        report = FileReport(str(self.path), Lines(doc.text), joined(self._merged(doc), self.facts(doc)), fixed, gain)
        if outcome:
            from .fix_report import with_rest

            report = with_rest(report, outcome, is_diff=self.task.diff)
        left_out = self._left_out(doc)
        if self.task.savings and self.measured[1]:
            notes.append(self.measured[1])
        return Result(
            report,
            self.config.fail_on,
            (*failures, *broken.values()),
            (*notes, *left_out, *registry_images.not_looked_up(self.read.path, self.facts(doc))),
            read.text,
            text if text != read.text else None,
            None if left_out or self.others else self._asked(),
        )

    def _asked(self) -> tuple[tuple[Question, str], ...]:
        return tuple(self.context.asked.items()) if isinstance(self.context, Watched) else ()

    def _fix(self, text: str) -> FixOutcome:
        from dockerlint.fixers.loop import fix

        if not self.task.savings:
            return fix(text, self.find, unsafe=self.task.unsafe)
        return fix(text, self.find, unsafe=self.task.unsafe, worth=self.price, whole=self.whole)

    def _keep(self, read: Source, outcome: FixOutcome, notes: list[str]) -> tuple[str, tuple[Fixed, ...], list[Failure]]:
        """The text that holds from now on: the fixed one, unless it cannot be written."""
        fixed = tuple(
            Fixed(item.code, item.title, item.line, item.message, item.saving) for item in outcome.applied
        )
        if outcome.text == read.text or self.task.diff or self.is_stdin:
            return outcome.text, fixed, []
        from dockerlint.lint.storage.safe_write import WriteError, write

        try:
            if others := write(self.path, source.encode(outcome.text), read.data):
                notes.append(f"{read.path}: the file had {others} other name(s), by hard links: they keep the old text")
        except WriteError as error:
            return read.text, (), [Failure(str(error))]
        return outcome.text, fixed, []

    def find(self, doc: Dockerfile) -> list[Finding]:
        """What the rules find in a text of the file, by place."""
        facts = self.facts(doc)
        of_scripts = self.config.active(shellcheck_findings.rules(facts), None if self.is_stdin else self.path)
        self.by_code |= {rule.code: rule for rule in of_scripts}
        active = (*self.rules, *of_scripts)
        return check(doc, facts, active, ignores=self.config.inline_ignores, failed=self._failed)

    def _failed(self, rule: Rule, error: Exception) -> None:
        """Notes that a rule has a bug, once; an error that says what is wrong with the file or what is around it goes on."""
        if self._broken is None or isinstance(error, TOLD):
            raise error
        self._broken.setdefault(rule.code, Failure(f"{self.path}: {rule.code}: {internal(error)}", INTERNAL))

    def price(self, doc: Dockerfile, findings: Sequence[Finding]) -> Sequence[Saving | None]:
        """What the fix of each finding saves."""
        from dockerlint.fixers.cost import price

        # a quote more or less in a script saves nothing, and to find that out takes as long as for any other fix
        worthy = [finding if finding.code in self.own else replace(finding, fix=None) for finding in findings]
        return price(doc, worthy, self.facts(doc), measured=self.measured[0], selections=self.selections, **speed(self.config))

    def whole(self, before: Dockerfile, after: Dockerfile) -> Saving | None:
        """What one text of the file saves against another."""
        from dockerlint.fixers.cost.saving import difference

        return difference(*self._estimates(before, after))

    def _estimates(self, *docs: Dockerfile) -> list[Estimate]:
        """What two texts of the file cost, by figures that hold for both; those of the last ones asked for are kept."""
        from dockerlint.fixers.cost.cost_model import estimate
        from dockerlint.fixers.cost.saving import unchanged

        # the facts of the text that is at work stay those that are kept
        every = [self._facts if self._facts and self._facts.doc is doc else self._facts_of(doc) for doc in docs]
        common = unchanged(self.measured[0], *every)
        found = []
        for facts in every:
            key = facts.doc.text, common
            if key not in self._kept_estimates:
                while len(self._kept_estimates) >= MOST_ESTIMATES:
                    del self._kept_estimates[next(iter(self._kept_estimates))]
                self._kept_estimates[key] = estimate(facts.doc, facts, measured=common, selections=self.selections, **speed(self.config))
            found.append(self._kept_estimates[key])
        return found

    @cached_property
    def selections(self) -> Selections:
        """What the context's files are to the cost model, for all texts that the file has on its way."""
        from dockerlint.fixers.cost.copy_selections import Selections

        return Selections(self.context)

    @cached_property
    def measured(self) -> tuple[Measurements | None, str | None]:
        """What was measured of this build, and a sentence when what is kept of it is no good."""
        return kept(self.context, self.path)

    def _gain(self, after: Dockerfile) -> Gain:
        """What the file costs before and after its fixes."""
        from dockerlint.fixers.cost.saving import change

        return Gain(*change(*self._estimates(self.doc, after)))

    def facts(self, doc: Dockerfile) -> Facts:
        """The facts of a text of the file; those of the last one asked for are kept."""
        if self._facts is None or self._facts.doc is not doc:
            self._facts = self._facts_of(doc)
        return self._facts

    def _facts_of(self, doc: Dockerfile) -> Facts:
        return Facts(doc, self.context, self.settings, self.shellcheck)

    def _left_out(self, doc: Dockerfile) -> list[str]:
        return [
            f"{self.read.path}:{doc.line(run.span.start)}: ShellCheck did not check this RUN: it is too long, or takes too long"
            for run in shellcheck_findings.left_out(self.facts(doc))
        ]

    def level(self, doc: Dockerfile, rule: Rule) -> Severity:
        """How bad what a rule finds is here."""
        # as the build fails there, with `# check=error=true`
        return Severity.ERROR if is_check(rule) and Checks.of(doc).error else self.config.level(rule)

    def _merged(self, doc: Dockerfile) -> tuple[Priced, ...]:
        """What any of the builds shows, each finding once, by place."""
        if not self.others:
            return tuple(self._priced(doc))
        priced = [item for work in (self, *self.others) for item in work._priced(doc)]
        first = {(item.finding.code, item.finding.span, item.finding.message): item for item in reversed(priced)}
        return tuple(sorted(first.values(), key=lambda item: (item.finding.span, item.finding.code)))

    def _priced(self, doc: Dockerfile) -> Iterator[Priced]:
        findings = [self._undeclined(doc, finding) for finding in self.find(doc)]
        savings = self.price(doc, findings) if self.task.savings and findings else [None] * len(findings)
        for finding, saving in zip(findings, savings, strict=True):
            rule = self.by_code[finding.code]
            reach = doc.enclosing(*(edit.span for edit in finding.fix.edits)) if finding.fix and finding.fix.edits else None
            yield Priced(finding, rule, self.level(doc, rule), saving, reach)

    def _undeclined(self, doc: Dockerfile, finding: Finding) -> Finding:
        """A finding; one whose fix was found to cost more than it saves says so in the fix's place."""
        if finding.fix is None or (finding.code, doc.source(finding.span)) not in self._declined:
            return finding
        from dockerlint.fixers.loop import DEAR
        from dockerlint.fixers.refusal import Refusal, answered

        return replace(answered(finding.span, finding.message, Refusal(DEAR)), code=finding.code)


def _notes(read: Source) -> Iterator[str]:
    stray = read.stray_byte
    if stray is not None:
        line = read.data.count(b"\n", 0, stray) + 1
        yield f"{read.path}:{line}: the file is not UTF-8 (byte 0x{read.data[stray]:02x}); dlint keeps it as it is"
