"""`dlint cost`: what Dockerfiles cost, in bytes and seconds."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct
from msgspec.structs import replace

from . import registry_images
from .config_layers import file_layer, layers
from .cost_page import check_page, write_page
from .cost_speed import speed
from .exit_status import OK, USAGE
from .judged import Judged
from .measured_inputs import Inputs, keep, kept
from .shared_options import build_options, online_option
from .terminal import has_colour, is_terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dockerlint.fixers.cost import Estimate
    from dockerlint.fixers.cost.copy_selections import Selections
    from dockerlint.fixers.cost.measured import Measurements
    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.context.build_context import Context
    from dockerlint.lint.context.commit_history import History
    from dockerlint.lint.engine.rule import Rule
    from dockerlint.lint.settings.config import Config
    from dockerlint.lint.syntax.nodes import Dockerfile

    from .task import Task


COMMITS, MOST_COMMITS = 200, 100_000


class Commits(Struct, frozen=True):
    """How many commits to replay; `file` is the one whose changes count for both that are compared, None for each its own."""

    most: int
    file: Path | None = None


class _Command(click.Command):
    """Gives `--replay` its number when none stands behind it, so that a path may."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        numbered = list(args)
        for at, word in enumerate(args):
            if word == "--":
                break
            if word == "--replay" and not (at + 1 < len(args) and args[at + 1].lstrip("-").isdigit()):
                numbered[at] = f"--replay={COMMITS}"
        return super().parse_args(ctx, numbered)


EXAMPLES = """\b
Examples:
  dlint cost Dockerfile
  dlint cost Dockerfile --compare Dockerfile.new
  dlint cost Dockerfile --replay 200
  dlint cost Dockerfile --image app.tar --build-log build.log --save
"""


def measured_options(function: Callable[..., int]) -> Callable[..., int]:
    """The options that name what was measured."""
    for option in (
        click.option("--save", is_flag=True, help="Keep the measurements in .dlint of the build context for later runs."),
        click.option("--platform", metavar="OS/ARCH", help="Platform of the image to read from an index; linux/amd64 by default."),
        click.option("--build-log", metavar="FILE", help="Read seconds from a build log (--progress=plain or rawjson)."),
        click.option("--image", metavar="FILE", help="Read bytes from a `docker save` archive or an OCI layout."),
        click.option(
            "--history", metavar="FILE", help="Read bytes from `docker history --no-trunc -H=false --format '{{json .}}'`."
        ),
    ):
        function = option(function)
    return function


@click.command("cost", cls=_Command, epilog=EXAMPLES)
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "--format", "format_", type=click.Choice(["text", "json"]), default="text", help="Output format."
)
@click.option("--compare", metavar="OTHER", help="Compare the costs of PATH with those of this file.")
@click.option("--network", metavar="RATE", help="Download speed, such as 50Mbit.")
@click.option("--machine", metavar="FACTOR", type=float, help="Speed of the machine, as a multiple of two ordinary cores.")
@click.option(
    "--replay",
    metavar="[N]",
    type=click.IntRange(1, MOST_COMMITS),
    help=f"Show what the last N commits would have rebuilt, {COMMITS} by default.",
)
@click.option("--html", metavar="FILE", type=click.Path(dir_okay=False), help="Write an HTML page with charts to a file.")
@measured_options
@online_option
@build_options
def command(
    paths: tuple[str, ...], format_: str, compare: str | None, replay: int | None, html: str | None, **options: Any
) -> int:
    """Show what a Dockerfile costs, by step and by kind of change.

    Size, waste and seconds of each step, and what each kind of change builds again. PATH is a file, a folder that is
    searched for Dockerfiles, or - for standard input; the current folder by default.

    \b
    dlint cost Dockerfile
    dlint cost --compare Dockerfile.new Dockerfile
    dlint cost --replay 200 --html cost.html Dockerfile
    """
    from dockerlint.lint.report.escaping import sentence
    from dockerlint.lint.settings.discovery import Skipped, discover

    from .task import Task

    if html and format_ != "text":
        raise click.UsageError("--html writes a page, and --format json an object: ask for one of them")
    inputs = Inputs(*(options[name] for name in ("history", "image", "build_log", "platform", "save")))
    inputs.check(paths, compare)
    if html:
        check_page()
    task = Task(layers(options), file_layer(options), online=options["online"])
    judged: list[Judged] = []
    status = OK
    every = list(discover([*(paths or (".",)), *([compare] if compare else [])]))
    for skipped in every:
        if isinstance(skipped, Skipped):
            click.echo(f"dlint: {sentence(skipped.sentence)}", err=True)
    found = [item for item in every if not isinstance(item, Skipped)]
    if inputs and len(found) != 1:
        raise click.UsageError("--history, --image and --build-log are of one build: name one Dockerfile")
    of = found[0] if compare and isinstance(found[0], Path) else None
    commits = Commits(replay, of) if replay else None
    for item in _each(task, found, commits, inputs, compare=compare is not None, fixes=html is not None):
        if isinstance(item, str):
            status = USAGE
            click.echo(f"dlint: {sentence(item)}", err=True)
        else:
            judged.append(item)
    if compare and (status or len(judged) != 2):
        raise click.UsageError("--compare takes one PATH and the file to compare it with")
    if html:
        return max(status, write_page(html, judged, compare=compare is not None)) if judged else status
    if judged:
        _show([item.found for item in judged], is_json=format_ == "json", compare=compare is not None)
    return status


def _show(estimates: Sequence[Estimate], *, is_json: bool, compare: bool) -> None:
    from dockerlint.fixers.cost import cost_report
    from dockerlint.lint.report.escaping import clean, visible

    found = [_spelled(item, clean if is_json else visible) for item in estimates]
    if is_json:
        click.echo(cost_report.compare_json(*found) if compare else cost_report.json(found))
        return
    colour = has_colour()
    width = shutil.get_terminal_size().columns if is_terminal() else None
    text = cost_report.compare_text(*found, color=colour) if compare else cost_report.text(found, color=colour, width=width)
    click.echo(text.rstrip("\n"), color=colour)


def _spelled(found: Estimate, spell: Callable[[str], str]) -> Estimate:
    """The estimate with the texts that come from the file as the reader of the format can bear them."""
    steps = tuple(replace(step, instruction=spell(step.instruction)) for step in found.steps)
    plan = replace(found.plan, stages=tuple(name and spell(name) for name in found.plan.stages))
    return replace(found, file=spell(found.file), target=found.target and spell(found.target), steps=steps, plan=plan)


def _each(
    task: Task, found: Sequence[Any], commits: Commits | None, inputs: Inputs, *, compare: bool, fixes: bool
) -> Iterator[Judged | str]:
    """The estimate of each path, or the sentence that says why there is none."""
    from dockerlint.fixers.cost.measured import MeasuredError
    from dockerlint.lint.storage.errors import ConfigError, SourceError

    for item in found:
        if not isinstance(item, Path):
            yield item.sentence
            continue
        pair = [path for path in found if isinstance(path, Path)] if compare else []
        try:
            problems: list[str] = []
            judged = _estimate(task, item, commits, inputs, pair, problems, fixes=fixes)
            yield from problems
            yield judged
        except (SourceError, ConfigError, MeasuredError) as error:
            yield str(error)


def _facts(task: Task, path: Path) -> tuple[Config, Facts]:
    """The configuration of a file, and what is known of it."""
    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax import source
    from dockerlint.lint.syntax.parser import parse

    from .task import configuration, context, settings

    config = configuration(task, path)
    read = source.read_stdin() if str(path) == source.STDIN else source.read(path)
    images = registry_images.images() if task.online else None
    return config, Facts(parse(read.text), context(config, path), replace(settings(config), images=images))


def _estimate(
    task: Task,
    path: Path,
    commits: Commits | None,
    inputs: Inputs,
    pair: Sequence[Path],
    problems: list[str],
    *,
    fixes: bool,
) -> Judged:
    """What a file costs, with its safe fixes too where `fixes` or commits ask for it.

    A sentence for each input that is no good is added to `problems`.
    """
    from dockerlint.fixers.cost import estimate
    from dockerlint.fixers.cost.copy_selections import Selections
    from dockerlint.fixers.cost.neighbours import Neighbours
    from dockerlint.lint.report.escaping import visible

    config, facts = _facts(task, path)
    fast = speed(config)
    history = _history(facts.context, commits.file or path, commits.most) if commits else None
    around = Neighbours.of(path)
    selections = Selections(facts.context, around.sizes if around is not None else None)
    measured = _in_common(task, pair) if pair else _measured(facts, path, inputs, problems)
    judge = partial(estimate, selections=selections, history=history, file=str(path), **fast)
    found = judge(facts.doc, facts, measured=measured)
    for note in registry_images.not_looked_up(path, facts):
        click.echo(f"dlint: {visible(note)}", err=True)
    if pair or (found.replay is None and not fixes):
        return Judged(found, fast)
    # what follows is not needed for an estimate alone, which should not wait for it
    from dockerlint.fixers.cost.saving import unchanged
    from dockerlint.lint.engine import registry
    from dockerlint.lint.syntax import source

    rules = config.rules(registry.rules(), None if str(path) == source.STDIN else path)
    fixed, changes = _fixed(facts, [rule for rule in rules if rule.fixable], config, selections)
    if fixed is None:
        return Judged(found, fast)
    common = unchanged(measured, facts, fixed)
    before = judge(facts.doc, facts, measured=common) if common else found
    after = judge(fixed.doc, fixed, measured=common)
    if found.replay is not None and before.replay is not None:
        found = replace(found, replay=replace(before.replay, fixed=after.replay))
    return Judged(found, fast, (before, after), changes)


def _in_common(task: Task, pair: Sequence[Path]) -> Measurements | None:
    """What an earlier run has kept of the steps that two files both have: else one would be told by other figures."""
    from dockerlint.fixers.cost.saving import unchanged
    from dockerlint.lint.syntax.source import STDIN

    if len(pair) != 2 or Path(STDIN) in pair:
        return None
    facts = [_facts(task, path)[1] for path in pair]
    known = (kept(of.context, path)[0] for of, path in zip(facts, pair, strict=True))
    older = next((item for item in known if item is not None), None)
    return unchanged(older, facts[0], facts[1])


def _measured(facts: Facts, path: Path, inputs: Inputs, problems: list[str]) -> Measurements | None:
    """What the files say that were named, over what an earlier run has kept.

    Raises MeasuredError when nothing can be kept.
    """
    from dockerlint.lint.report.escaping import sentence

    found = inputs.read(facts, problems)
    older, problem = kept(facts.context, path)
    if problem:
        click.echo(f"dlint: {sentence(problem)}", err=True)
    both = found.over(older, facts) if found is not None and older is not None else found or older
    if inputs.save and found is not None and both is not None:
        keep(facts.context, path, both)
    return both


def _history(context: Context | None, path: Path, most: int) -> History | None:
    """The last commits of the context; None, after a word why, when there are none to be had."""
    from dockerlint.lint.context.commit_history import HistoryError, read
    from dockerlint.lint.report.escaping import sentence
    from dockerlint.lint.syntax import source

    if context is None:
        click.echo("dlint: --replay: standard input has no context; --context says which folder it is", err=True)
        return None
    try:
        found = read(context, None if str(path) == source.STDIN else path, most)
    except HistoryError as error:
        click.echo(f"dlint: --replay: {sentence(str(error))}", err=True)
        return None
    if found.shallow:
        many = len(found.commits)
        click.echo(f"dlint: --replay: the clone is shallow: {many} of {most} commits can be replayed", err=True)
    return found


def _fixed(
    facts: Facts, rules: Sequence[Rule], config: Config, selections: Selections
) -> tuple[Facts | None, tuple[str, ...]]:
    """The file with its safe fixes made, None when there are none, and what they do."""
    from dockerlint.fixers.cost import estimate, price
    from dockerlint.fixers.cost.saving import difference
    from dockerlint.fixers.loop import fix
    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.engine.checker import check
    from dockerlint.lint.syntax.parser import parse

    last = [facts]

    def of(doc: Dockerfile) -> Facts:
        if last[0].doc is not doc:
            last[0] = Facts(doc, facts.context, facts.settings)
        return last[0]

    def judge(doc: Dockerfile) -> Estimate:
        return estimate(doc, Facts(doc, facts.context, facts.settings), selections=selections, **speed(config))

    outcome = fix(
        facts.doc.text,
        lambda doc: check(doc, of(doc), rules, ignores=config.inline_ignores),
        worth=lambda doc, findings: price(doc, findings, of(doc), selections=selections, **speed(config)),
        whole=lambda before, after: difference(judge(before), judge(after)),
    )
    changes = tuple(f"{item.code}, line {item.line}: {item.title}" for item in outcome.applied)
    return (of(parse(outcome.text)), changes) if outcome.text != facts.doc.text else (None, ())
