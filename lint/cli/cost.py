"""`dlint cost`: what Dockerfiles cost, in bytes and seconds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import OK, USAGE
from .options import build_options, file_layer, layers
from .terminal import has_colour

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dockerlint.fixers.cost import Estimate

    from ..config import Config
    from .work import Task


@click.command("cost")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "--format", "format_", type=click.Choice(["text", "json"]), default="text", help="For people or machines."
)
@click.option("--compare", metavar="OTHER", help="Show the costs of PATH and of this file side by side.")
@click.option("--network", metavar="RATE", help="How fast downloads are, such as 50Mbit.")
@build_options
def command(paths: tuple[str, ...], format_: str, compare: str | None, **options: Any) -> int:
    """Show what a Dockerfile costs, step by step: size, waste, seconds, and what each kind of change rebuilds.

    PATH is a file, a folder that is searched for Dockerfiles, or - for standard input; the current folder by default.
    """
    from ..discover import discover
    from ..report.shown import visible
    from .work import Task

    task = Task(layers(options), file_layer(options))
    estimates: list[Estimate] = []
    status = OK
    for item in _each(task, list(discover([*(paths or (".",)), *([compare] if compare else [])]))):
        if isinstance(item, str):
            status = USAGE
            click.echo(f"dlint: {visible(item)}", err=True)
        else:
            estimates.append(item)
    if compare and (status or len(estimates) != 2):
        raise click.UsageError("--compare takes one PATH and the file to compare it with")
    if estimates:
        _show(estimates, is_json=format_ == "json", compare=compare is not None)
    return status


def _show(estimates: Sequence[Estimate], *, is_json: bool, compare: bool) -> None:
    from dockerlint.fixers.cost import report

    from ..report import clean
    from ..report.shown import visible

    found = [_spelled(item, clean if is_json else visible) for item in estimates]
    if is_json:
        click.echo(report.compare_json(*found) if compare else report.json(found))
        return
    colour = has_colour()
    text = report.compare_text(*found, color=colour) if compare else report.text(found, color=colour)
    click.echo(text.rstrip("\n"), color=colour)


def _spelled(found: Estimate, spell: Callable[[str], str]) -> Estimate:
    """The estimate with the texts that come from the file as the reader of the format can bear them."""
    steps = tuple(replace(step, instruction=spell(step.instruction)) for step in found.steps)
    return replace(found, file=spell(found.file), steps=steps)


def _each(task: Task, found: Sequence[Any]) -> Iterator[Estimate | str]:
    """The estimate of each path, or the sentence that says why there is none."""
    from ..config import ConfigError
    from ..source import SourceError

    for item in found:
        if not isinstance(item, Path):
            yield item.sentence
            continue
        try:
            yield _estimate(task, item)
        except (SourceError, ConfigError) as error:
            yield str(error)


def _estimate(task: Task, path: Path) -> Estimate:
    from dockerlint.fixers.cost import estimate

    from .. import source
    from ..facts import Facts
    from ..parser import parse
    from .work import configuration, context, settings

    config = configuration(task, path)
    read = source.read_stdin() if str(path) == source.STDIN else source.read(path)
    doc = parse(read.text)
    return estimate(doc, Facts(doc, context(config, path), settings(config)), file=read.path, network=_network(config))


def _network(config: Config) -> Any:
    from dockerlint.fixers.cost.figures import Amount

    from ..rate import rate

    return Amount.exact(rate(config.network)) if config.network else None
