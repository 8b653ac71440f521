"""`dlint verify`: builds a Dockerfile before and after its fixes with a real engine, and compares."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .config_layers import file_layer, layers
from .exit_status import FINDINGS, OK, USAGE
from .shared_options import build_options
from .terminal import has_colour

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.fixers.verify.base import Engine
    from dockerlint.fixers.verify.verification import Subject
    from dockerlint.fixers.verify.verification_result import VerificationResult
    from dockerlint.fixers.verify.workspace import Workspace
    from dockerlint.lint.context.build_context import Context
    from dockerlint.lint.settings.config import Config
    from dockerlint.lint.syntax.nodes import Dockerfile

    from .task import Result

PREFIX = "dlint-verify-"
# What BuildKit is doing when it fetches the image of a `# syntax=` line.
RESOLVES = "resolve image config for"


EXAMPLES = """\b
Examples:
  dlint verify Dockerfile
  dlint verify --unsafe-fixes --engine podman .
"""


@click.command("verify", epilog=EXAMPLES)
@click.argument("path", default=".", metavar="[PATH]")
@click.option(
    "--engine", type=click.Choice(["docker", "podman", "buildah"]), help="Engine to build with; the first that answers by default."
)
@click.option("--unsafe-fixes", is_flag=True, help="Apply unsafe fixes too; differences are then shown but do not fail.")
@click.option("--select", multiple=True, metavar="CODES", help="Apply only the fixes of these rules.")
@click.option("--ignore", multiple=True, metavar="CODES", help="Leave out the fixes of these rules.")
@click.option("--edit", metavar="FILE", help="File of the build context to edit before the rebuild; a copied source file by default.")
@click.option("--rebuild/--no-rebuild", default=True, help="Whether to edit a source file and build again.")
@click.option("--no-syntax", is_flag=True, help="Build without the file's `# syntax=` line, which needs an image registry.")
@click.option("--network", "network_mode", metavar="MODE", help="Network mode of the build, such as host; the engine's default otherwise.")
@click.option("--timeout", metavar="SECONDS", type=click.FloatRange(1), default=1800, help="Time limit for one build.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", help="Output format.")
@build_options
def command(path: str, **options: Any) -> int:
    """Build a Dockerfile before and after its fixes, and compare.

    Runs builds, and so everything that the Dockerfile says: only verify files that you would build. PATH is a file, a folder
    with one Dockerfile, or - for standard input with --context. Nothing is written to the file or its context, and no image
    or container stays.

    Exit status: 0 the images are the same but for what the fixes are about; 1 a safe fix changed the image, or a fix broke
    the build; 2 no engine, a build that fails before any fix or takes too long, or bad input; 3 internal error.

    \b
    dlint verify Dockerfile
    dlint verify --unsafe-fixes --engine podman --format json .
    """
    from dockerlint.fixers.verify.base import EngineError
    from dockerlint.fixers.verify.image_files import ArchiveError
    from dockerlint.fixers.verify.program_run import ProgramError, stoppable
    from dockerlint.fixers.verify.verification import UnfixedError
    from dockerlint.fixers.verify.verification_result import log_lines
    from dockerlint.fixers.verify.workspace import WorkspaceError
    from dockerlint.lint.report.escaping import sentence

    try:
        with stoppable():
            return _verify(path, options)
    except (UnfixedError, ProgramError) as error:
        _say(f"dlint: {sentence(str(error))}")
        for line in log_lines(error.log):
            _say(line)
        if RESOLVES in error.log and not options["no_syntax"]:
            _say("its `# syntax=` line needs an image registry: --no-syntax builds it without that line")
    except (EngineError, ArchiveError, WorkspaceError) as error:
        _say(f"dlint: {sentence(str(error))}")
    except KeyboardInterrupt:
        _say("dlint: interrupted; what was built is removed")
        raise
    return USAGE


def _verify(name: str, options: dict[str, Any]) -> int:
    from dockerlint.lint.report.escaping import sentence

    from .one_file import work
    from .task import Task, configuration, context

    path = _one(name)
    task = Task(layers(options), file_layer(options), unsafe=options["unsafe_fixes"], diff=True)
    config = configuration(task, path)
    folder = context(config, path)
    if folder is None:
        raise click.UsageError("standard input has no folder of its own: --context DIR says what to build")
    (result,) = work(task, [path])
    for text in (*(f"dlint: {failure.sentence}" for failure in result.failures), *result.notes):
        _say(sentence(text))
    if result.failures:
        return max(failure.status for failure in result.failures)
    _refuse_broken(path, result.before)
    if result.fixed is None:
        return _nothing(name, options)
    with tempfile.TemporaryDirectory(prefix=PREFIX) as temporary, _opened(options["engine"]) as engine:
        proof = _proof(engine, config, folder, Path(temporary), result, options)
    _show(proof, options["format_"])
    return OK if proof.holds else FINDINGS


def _one(name: str) -> Path:
    """The one Dockerfile of a path."""
    from dockerlint.lint.buildfiles.resolve import is_build_file
    from dockerlint.lint.settings.discovery import discover

    found = list(discover([name]))
    files = [item for item in found if isinstance(item, Path) and not is_build_file(item.name)]
    if len(files) == 1:
        return files[0]
    if files:
        raise click.UsageError(f"{name}: there are {len(files)} Dockerfiles, such as {files[0]} and {files[1]}: name one")
    sentences = [item.sentence for item in found[::-1] if not isinstance(item, Path)]
    raise click.UsageError(sentences[0] if sentences else f"{name}: name the Dockerfile, not the file that builds it")


def _refuse_broken(path: Path, text: str) -> None:
    from dockerlint.lint.syntax.parser import parse

    doc = parse(text)
    for problem in doc.problems[:1]:
        raise click.UsageError(f"{path}:{doc.line(problem.span.start)}: {problem.message}; nothing was built")


def _nothing(name: str, options: dict[str, Any]) -> int:
    import json

    if options["format_"] == "json":
        click.echo(json.dumps({"file": name, "verdict": "nothing", "fixes": []}, indent=1))
    else:
        click.echo(f"{name}: no {'' if options['unsafe_fixes'] else 'safe '}fix to verify")
    return OK


@contextmanager
def _opened(name: str | None) -> Iterator[Engine]:
    """The engine; at the end nothing of this run is left in it."""
    from dockerlint.fixers.verify.engines import find
    from dockerlint.fixers.verify.program_run import ProgramError, shielded

    engine = find(name)
    try:
        yield engine
    finally:
        with shielded():
            try:
                engine.close()
            except ProgramError as error:
                _say(f"dlint: {error}; what was built may be left there")


def _proof(
    engine: Engine, config: Config, folder: Context, temporary: Path, result: Result, options: dict[str, Any]
) -> VerificationResult:
    from msgspec.structs import replace

    from dockerlint.fixers.verify.base import BuildRequest
    from dockerlint.fixers.verify.verification import Trial
    from dockerlint.fixers.verify.workspace import Workspace

    workspace = Workspace.of(folder, temporary)
    subject, note = _subject(config, folder, workspace, result, options)
    recipe = BuildRequest(
        workspace.context,
        workspace.ignore,
        config.target,
        config.build_args,
        options["network_mode"],
        options["timeout"],
    )
    proof = Trial(engine, recipe, workspace, _say).run(subject)
    return replace(proof, notes=(*note, *proof.notes))


def _subject(
    config: Config, folder: Context, workspace: Workspace, result: Result, options: dict[str, Any]
) -> tuple[Subject, tuple[str, ...]]:
    """What is put to the test, and a note when there will be no rebuild."""
    from dockerlint.fixers.verify.expected_changes import Aims
    from dockerlint.fixers.verify.verification import Subject
    from dockerlint.fixers.verify.verification_result import Made
    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.parser import parse

    from .task import settings

    assert result.report
    assert result.fixed is not None
    before, after = parse(result.before), parse(result.fixed)
    made = tuple(Made(item.code, item.title, item.line) for item in result.report.fixed)
    facts = Facts(before, folder, settings(config))
    aims = Aims.of(facts, Facts(after, folder, settings(config)), [item.code for item in made])
    edited, note = _edited(facts, folder, workspace, options)
    one, other = (_without_syntax(doc) if options["no_syntax"] else doc.text for doc in (before, after))
    return Subject(
        result.report.path, _encoded(one), _encoded(other), made, aims, options["unsafe_fixes"], edited
    ), note


def _edited(
    facts: Any, folder: Context, workspace: Workspace, options: dict[str, Any]
) -> tuple[str | None, tuple[str, ...]]:
    """The file to edit before the rebuild; None, with the reason, when there will be none."""
    from dockerlint.fixers.verify.workspace import is_editable, source_file
    from dockerlint.lint.context.dockerignore import clean_path

    if not options["rebuild"]:
        return None, ()
    if not workspace.copied:
        return None, ("no rebuild: the context is too big to be copied, and yours is not edited",)
    if options["edit"]:
        name = clean_path(options["edit"])
        if not is_editable(folder, name):
            raise click.UsageError(f"--edit {options['edit']}: no such file in the build context {folder.root}")
        return name, ()
    found = source_file(facts, folder)
    return found, () if found else ("no rebuild: no source file of the context is copied",)


def _without_syntax(doc: Dockerfile) -> str:
    directive = doc.directive("syntax")
    if directive is None:
        return doc.text
    return doc.text[: directive.span.start] + doc.text[directive.span.end :].removeprefix("\r").removeprefix("\n")


def _encoded(text: str) -> bytes:
    from dockerlint.lint.syntax.source import encode

    return encode(text)


def _show(proof: VerificationResult, format_: str) -> None:
    from dockerlint.fixers.verify import verification_result as report

    if format_ == "json":
        click.echo(report.json(proof))
        return
    colour = has_colour()
    click.echo(report.text(proof, color=colour), nl=False, color=colour)


def _say(sentence: str) -> None:
    click.echo(sentence, err=True)
