"""`dlint scan`: what is at stake in very many Dockerfiles."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import replace

from dockerlint.lint.cli.config_layers import layers
from dockerlint.lint.cli.shared_options import codes

from .exit_status import INTERNAL, INTERRUPTED, OK, USAGE

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from .scan.result_files import ScanResults
    from .scan.scan_values import Chunk, Done, Job, Lost

NEEDS = ("pyarrow", "pygal")
TOP = 10
PAGE = "report.html"


@click.command("scan")
@click.argument("source", metavar="SOURCE", type=click.Path(path_type=Path))
@click.option("--out", metavar="DIR", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the results.")
@click.option("--scheduler", metavar="ADDRESS", help="Run on this Dask cluster, such as tcp://10.0.0.1:8786.")
@click.option("--jobs", metavar="N", type=click.IntRange(1), envvar="DLINT_JOBS", help="Number of processes on this machine; one per core by default.")
@click.option("--preset", type=click.Choice(["recommended", "hadolint", "all"]), help="Set of rules to start from.")
@click.option("--select", multiple=True, metavar="CODES", shell_complete=codes, help="Use only these rules instead of the preset.")
@click.option("--ignore", multiple=True, metavar="CODES", shell_complete=codes, help="Leave these rules out.")
@click.option("--top", metavar="N", type=click.IntRange(1, 1000), default=TOP, show_default=True, help="Number of rows of each table.")
@click.option("--resume/--fresh", default=True, help="Continue where an earlier scan ended, or start anew; --resume by default.")
@click.option("--retry-failed", is_flag=True, help="Repeat the parts of an earlier scan that failed.")
@click.option("--limit", metavar="N", type=click.IntRange(1), help="Scan only the first N files.")
@click.option("--time-limit", metavar="SECONDS", type=click.FloatRange(0.1), default=60, show_default=True, help="Time limit for one file.")
@click.option("--memory-limit", metavar="MB", type=click.IntRange(100), default=2000, show_default=True, help="Memory limit for one process.")
@click.option("--quiet", is_flag=True, help="Show no summary and no progress.")
def command(source: Path, out: Path, **options: Any) -> int:
    """Say what is at stake in the Dockerfiles of many repositories.

    SOURCE is a folder of git repositories, with work trees or bare, of which the default branches are read without a
    checkout; or a file of JSON lines or of Parquet with `path`, `text` and perhaps `repository`, or a folder of those.
    DIR gets findings, costs and failures as Parquet files, and report.html.

    Rules are those of the command line: no configuration file is read, and ShellCheck is not asked.

    Exit status: 0 done; 2 usage, or a source or a folder that cannot be used; 3 parts were lost for good, or an internal
    error; 130 interrupted. The same command goes on where it ended.

    \b
    dlint scan mirrors/ --out found/
    dlint scan files.parquet --out found/ --scheduler tcp://10.0.0.1:8786
    """
    from .scan.scan_values import BrokenOffError, ScanError

    _refuse_what_is_missing(options["scheduler"])
    try:
        return _scan(source, out, options)
    except ScanError as error:
        click.echo(f"dlint: {_visible(str(error))}", err=True)
        return INTERNAL if isinstance(error, BrokenOffError) else USAGE


def _refuse_what_is_missing(scheduler: str | None) -> None:
    needed = [*NEEDS, *(["distributed"] if scheduler else [])]
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        raise click.UsageError(f"scan needs {' and '.join(missing)}, not installed here: pip install 'dockerlint[scan]'")
    if sys.platform == "win32":
        raise click.UsageError("scan needs Linux or macOS: its limits for a file are the system's")


def _scan(source: Path, out: Path, options: dict[str, Any]) -> int:
    from .interrupt import Interrupts
    from .scan import result_files as kept
    from .scan.chunk_flow import Flow

    job = _job(options)
    chunks = _chunks(job, source, options)
    with kept.opened(out) as results:
        if not options["resume"]:
            results.clear()
        kept.write_state(out, {"source": str(source), "complete": False})
        flow = Flow(results, again=options["retry_failed"])
        with Interrupts() as interrupts:
            answers = _answers(job, flow.fresh(chunks), options)
            try:
                for answer in flow.watched(interrupts.until(answers), quiet=options["quiet"]):
                    flow.keep(answer)
            finally:
                answers.close()
        if interrupts.asked:
            there = f"{flow.written + flow.known:,} parts are in {_visible(str(out))}"
            click.echo(f"dlint: interrupted: {there}; the same command goes on from there", err=True)
            return INTERRUPTED
        return _finish(source, results, flow.keys, flow.lost, options)


def _job(options: dict[str, Any]) -> Job:
    """What to do with a file. Raises ConfigError where the command line names a rule that there is not."""
    from dockerlint.lint.engine import registry
    from dockerlint.lint.settings.config import merge

    from .scan.scan_values import Job, program

    config = merge(*layers({**options, "build_arg": ()}))
    # what is of one build is not of all of them
    config = replace(config, target=None, context=None, baseline=None, build_args={})
    config.rules(registry.rules())
    return Job(config, options["time_limit"], options["memory_limit"] * 1_000_000, program())


def _chunks(job: Job, source: Path, options: dict[str, Any]) -> Iterator[Chunk]:
    from itertools import islice

    from .scan import dockerfile_sources
    from .scan.chunks import chunks

    return chunks(job, islice(dockerfile_sources.read(source), options["limit"]))


def _answers(job: Job, chunks: Iterator[Chunk], options: dict[str, Any]) -> Generator[Done | Lost]:
    from dockerlint.lint.cli.many_files import cores

    from .scan import cluster, local_run

    if options["scheduler"]:
        yield from cluster.run(job, chunks, options["scheduler"])
    else:
        yield from local_run.run(job, chunks, options["jobs"] or cores())


def _finish(source: Path, results: ScanResults, keys: set[str], lost: list[Lost], options: dict[str, Any]) -> int:
    from importlib.metadata import version

    from dockerlint.lint.storage.safe_write import WriteError, put

    from .scan.figure_text import summary
    from .scan.result_files import write_state
    from .scan.scan_page import page
    from .scan.scan_values import ScanError
    from .scan.totals import totals

    results.clear(keep=keys)
    found = totals(results, options["top"])
    try:
        put(results.folder / PAGE, page(found, source.resolve().name, options["top"], len(lost)).encode("utf-8"))
    except WriteError as error:
        raise ScanError(str(error)) from error
    counts = {"files": found.files, "failures": found.unread}
    write_state(results.folder, {"source": str(source), "complete": not lost, "dlint": version("dockerlint"), **counts})
    if not options["quiet"]:
        click.echo("\n".join(summary(found, options["top"])))
    for item in lost:
        click.echo(f"dlint: a part was lost: {_visible(item.reason)}", err=True)
    if lost:
        click.echo("dlint: what was lost is tried again by the same command", err=True)
        return INTERNAL
    return OK


def _visible(text: str) -> str:
    from dockerlint.lint.report.escaping import sentence

    return sentence(text)
