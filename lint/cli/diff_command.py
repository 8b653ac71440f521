"""`dlint diff`: the findings and costs that a branch adds and removes."""

from __future__ import annotations

import os
import posixpath
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct

from .change_report import FORMATS
from .config_layers import file_layer, layers
from .exit_status import FINDINGS, OK, USAGE
from .shared_options import build_options, codes
from .terminal import has_colour

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dockerlint.lint.git.objects import Objects
    from dockerlint.lint.git.repository import Repository
    from dockerlint.lint.git.tree import Tree

    from .change_comparison import ComparedPair, FileChange
    from .task import Task


@click.command("diff")
@click.argument("base", metavar="BASE")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--head", metavar="REV", help="Commit to compare; the work tree by default.")
@click.option("--format", "format_", type=click.Choice(FORMATS), default="text", help="Output format.")
@click.option(
    "--names",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Write the names of Dockerfiles that changed, or whose contexts changed, to a file, each followed by NUL.",
)
@click.option("--select", multiple=True, metavar="CODES", shell_complete=codes, help="Use only these rules.")
@click.option("--ignore", multiple=True, metavar="CODES", shell_complete=codes, help="Leave these rules out.")
@click.option("--preset", type=click.Choice(["recommended", "hadolint", "all"]), help="Set of rules to start from.")
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "info", "style", "never"]),
    help="Exit with 1 if the change adds a finding of this level or worse.",
)
@click.option("--shellcheck", type=click.Choice(["auto", "on", "off"]), help="Whether to run ShellCheck on scripts.")
@build_options
def command(
    base: str, paths: tuple[str, ...], head: str | None, format_: str, names: str | None, **options: Any
) -> int:
    """Show what a branch does to findings and costs.

    BASE is any revision that git knows, such as origin/main or HEAD~3. What is compared is the commit from which both went
    on, with the work tree or with --head. PATH is a Dockerfile or a folder; all Dockerfiles of the repository by default.
    Nothing is checked out, and the configuration is that of the work tree.

    \b
    dlint diff origin/main
    dlint diff --head feature --format markdown origin/main
    """
    from dockerlint.lint.engine import registry
    from dockerlint.lint.git.client import GitError
    from dockerlint.lint.git.objects import Objects
    from dockerlint.lint.git.repository import Repository
    from dockerlint.lint.settings.config import merge

    from .task import Task

    task = Task(layers(options), file_layer(options))
    merge(*task.layers).rules(registry.rules())
    try:
        repository = Repository.of(Path.cwd())
        with Objects(repository.top) as objects:
            asked = _Asked(base, head, paths, format_, Path(names) if names else None)
            return _show(task, repository, objects, asked)
    except GitError as error:
        _say(str(error))
        return USAGE


class _Asked(Struct, frozen=True):
    """What the command line asks for: revisions (`head` None for the work tree), paths, a format, a file for names."""

    base: str
    head: str | None
    paths: Sequence[str]
    format: str
    names: Path | None


def _show(task: Task, repository: Repository, objects: Objects, asked: _Asked) -> int:
    """Compare and report. Raises GitError."""
    from dockerlint.lint.git.client import GitError
    from dockerlint.lint.git.tree import CommitTree, WorkTree

    from . import change_report as report
    from .change_comparison import Comparison

    if asked.head is None and not repository.has_work_tree:
        raise GitError(f"{repository.top} has no work tree: name the commit to judge with --head")
    head_id = repository.commit(asked.head or "HEAD")
    base_id = repository.merge_base(repository.commit(asked.base), head_id)
    before = CommitTree(repository.top, base_id, objects)
    after = CommitTree(repository.top, head_id, objects) if asked.head else WorkTree(repository.top)
    renames = repository.renames(base_id, head_id if asked.head else None)
    comparison = Comparison(task, repository, before, after)
    wanted = [_inside(repository, path) for path in asked.paths]
    pairs = sorted(_pairs(before, after, renames, wanted), key=lambda pair: pair.after or pair.before or "")
    _refuse_nothing(asked.paths, wanted, pairs)
    found = [change for pair in pairs if (change := comparison.change(pair))]
    for sentence in [sentence for change in found for sentence in (*change.notes, *change.errors)]:
        _say(sentence)
    if asked.names:
        _write(asked.names, [comparison.shown(change.pair.after) for change in found if change.pair.after is not None])
    told = report.ChangeReport(
        asked.base,
        base_id,
        asked.head or "work tree",
        head_id if asked.head else None,
        [change for change in found if change.is_shown],
        comparison.shown,
    )
    if asked.format == "text":
        click.echo(report.text(told, colour=has_colour()), nl=False, color=has_colour())
    else:
        rendered = report.json(told) if asked.format == "json" else report.markdown(told)
        click.echo(rendered.encode("utf-8"), nl=False)
    return _status(found)


def _write(path: Path, names: Sequence[str]) -> None:
    from dockerlint.lint.storage.errors import ConfigError
    from dockerlint.lint.syntax.source import reason

    try:
        path.write_bytes(b"".join(os.fsencode(name) + b"\0" for name in names))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {reason(error)}") from error


def _status(found: Sequence[FileChange]) -> int:
    if any(change.errors for change in found):
        return USAGE
    return FINDINGS if any(change.is_failing for change in found) else OK


def _say(text: str) -> None:
    from dockerlint.lint.report.escaping import sentence

    click.echo(f"dlint: {sentence(text)}", err=True)


def _inside(repository: Repository, path: str) -> str:
    """A path of the command line as one of the repository, "" for its top. Raises GitError when it is not in there."""
    from dockerlint.lint.git.client import GitError

    here = posixpath.join("/", repository.prefix) if repository.has_work_tree else "/"
    if os.path.isabs(path) and repository.has_work_tree:  # noqa: PTH117
        real = Path(path).parent.resolve() / Path(path).name
        path = Path(os.path.relpath(real, repository.top / repository.prefix)).as_posix()
    # one folder more above the top, so that what leads out of it can be told
    whole = posixpath.normpath(f"/top{posixpath.join(here, Path(path).as_posix())}")
    if whole != "/top" and not whole.startswith("/top/"):
        raise GitError(f"{path}: not in the repository {repository.top}")
    return whole.removeprefix("/top").lstrip("/")


def _pairs(before: Tree, after: Tree, renames: Mapping[str, str], wanted: Sequence[str]) -> Iterator[ComparedPair]:
    """The Dockerfiles on either side, those that were renamed with their old names; `renames` has the old by the new."""
    from .change_comparison import ComparedPair

    taken = set()
    moved = {old: new for new, old in renames.items()}
    heads = dict.fromkeys(_chosen(after, wanted))
    heads.update(dict.fromkeys(new for old in _chosen(before, wanted) if (new := moved.get(old)) and _is_one(after, new)))
    for path in heads:
        old = path if before.is_file(path) else renames.get(path)
        if old is not None and old != path and after.is_file(old):
            # the index knows of a rename, and there is a new file of the old name in the work tree
            old = None
        taken.add(old)
        yield ComparedPair(old, path)
    for path in _chosen(before, wanted):
        if path not in taken and path not in heads:
            yield ComparedPair(path, None)


def _chosen(tree: Tree, wanted: Sequence[str]) -> Iterator[str]:
    """The files that are named, and the Dockerfiles below the folders that are; all of them where nothing is named."""
    for path in tree.entries:
        is_below = not wanted or any(not name or path.startswith(f"{name}/") for name in wanted)
        if (is_below and _is_one(tree, path)) or (path in wanted and tree.is_file(path)):
            yield path


def _is_one(tree: Tree, path: str) -> bool:
    from dockerlint.lint.settings.discovery import is_dockerfile

    return is_dockerfile(posixpath.basename(path)) and tree.is_file(path)


def _refuse_nothing(paths: Sequence[str], wanted: Sequence[str], pairs: Sequence[ComparedPair]) -> None:
    """Raises GitError when a path that was named has no Dockerfile on either side."""
    from dockerlint.lint.git.client import GitError

    known = [path for pair in pairs for path in (pair.before, pair.after) if path is not None]
    for given, name in zip(paths, wanted, strict=True):
        if name and not any(path == name or path.startswith(f"{name}/") for path in known):
            raise GitError(f"{given}: no Dockerfile before or after")
