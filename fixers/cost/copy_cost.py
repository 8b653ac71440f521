"""What COPY and ADD put into a layer: the context's files, heredocs, and what other stages made."""

from __future__ import annotations

import posixpath
from functools import cache
from typing import TYPE_CHECKING

from dockerlint.lint.analysis.build_state import SOMEWHERE
from dockerlint.lint.catalogue import tables
from dockerlint.lint.catalogue.basis import Basis
from dockerlint.lint.catalogue.name_patterns import matches_any
from dockerlint.lint.context.dockerignore import clean_path
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes

from .bounded import ZERO, Amount, total
from .build_graph import HOLE, Origin, is_true
from .layer_contents import ContextFile, LayerEntry
from .other_commands import download_size
from .run_cost import lies_in
from .tool_figures import amount

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dockerlint.lint.analysis.facts import Facts

    from .build_graph import CopySource, Step
    from .copy_selections import Selections
    from .layer_contents import Ledger

FILES = "fixers/cost/data/files.toml"
GLOB = regex(r"[*?\[]")
ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst")


def copy(step: Step, ledger: Ledger, others: Mapping[int, Ledger], selections: Selections, facts: Facts) -> None:
    """Records what a COPY or ADD leaves; `others` are the ledgers that the steps it may copy from have left."""
    node = step.node
    assert isinstance(node, nodes.Copy)
    destination = facts.path(node.destination.text, node) or _somewhere(node.destination.text)
    if node.heredocs:
        # each heredoc becomes a file: its text, a few bytes more or less where variables are put in
        size = sum(heredoc.body.end - heredoc.body.start for heredoc in node.heredocs)
        ledger.put(LayerEntry(step.number, destination, Amount.exact(float(size), Basis.INDEXED)))
    if node.from_ is not None:
        for word in node.paths:
            _from_stage(step, word, destination, ledger, others, facts)
        return
    for source in step.sources:
        found = selections.select(source.pattern) if source.origin is Origin.CONTEXT else ()
        if found and source.pattern is not None and HOLE in source.pattern and len(found) > 1:
            ledger.put(LayerEntry(step.number, destination, _any_of(found, selections)))
        elif found and source.pattern is not None:
            pattern = found[0] if HOLE in source.pattern else source.pattern
            _from_context(step, pattern, destination, ledger, selections, facts)
        else:
            # no context at hand, or not the one that the file was written for
            ledger.put(LayerEntry(step.number, destination, _not_at_hand(source)))


def _any_of(found: Sequence[str], selections: Selections) -> Amount:
    """The bytes of some of the files that a variable leaves in question: one of them at the least."""
    assert selections.context is not None
    sizes = sorted(float(selections.context.files[name]) for name in found)
    return Amount(sizes[0], sizes[len(sizes) // 2], sum(sizes), Basis.HEURISTIC)


def _not_at_hand(source: CopySource) -> Amount:
    """The bytes of what a step copies and nobody sees here: of its kind by its name, of a download by the end of its address."""
    if source.origin is Origin.REMOTE:
        return download_size(source.pattern or "")
    return unseen((source.pattern or ".").replace(HOLE, "x"))


def _somewhere(text: str) -> str:
    """A path in a working directory that nobody told us; a slash at its end is kept."""
    path = posixpath.normpath(posixpath.join(SOMEWHERE, text))
    return path + "/" if text.endswith(("/", "/.")) or text == "." else path


def _from_context(
    step: Step, pattern: str, destination: str, ledger: Ledger, selections: Selections, facts: Facts
) -> None:
    node, context = step.node, selections.context
    assert isinstance(node, nodes.Copy)
    assert context is not None
    found = selections.select(pattern)
    if isinstance(node, nodes.Add) and len(found) == 1 and found[0].endswith(ARCHIVES):
        unpacked = Amount.exact(float(context.files[found[0]]), Basis.INDEXED)
        if not found[0].endswith(".tar"):
            unpacked = unpacked.times(amount("archive.unpacked"))
        ledger.put(LayerEntry(step.number, destination, unpacked))
        return
    many = len(node.paths) > 1 or destination == facts.state(node).workdir or bool(ledger.below(destination))
    folder = many or destination.endswith("/")
    keep = is_true(node.flag("parents"))
    excludes = tuple(flag.value or "" for flag in node.flags if flag.name == "exclude")

    def place() -> Mapping[str, ContextFile]:
        excluded = {name for text in excludes for name in selections.select(text)}
        return {
            _path(pattern, name, destination, folder=folder, keep=keep): ContextFile(name, context.files[name])
            for name in found
            if name not in excluded
        }

    files = selections.placed((pattern, destination, folder, keep, excludes), place)
    size = Amount.exact(float(sum(file.size for file in files.values())), Basis.INDEXED)
    ledger.put(LayerEntry(step.number, destination.rstrip("/") or "/", size, files=files))


def _path(pattern: str, name: str, destination: str, *, folder: bool, keep: bool) -> str:
    """The path in the image of a file that a pattern finds in the context.

    `folder` says that the destination is one, `keep` that the file's own folders come with it.
    """
    clean = clean_path(pattern)
    if keep:
        inside = name
    elif name == clean:
        if not folder:
            return posixpath.normpath(destination)
        inside = posixpath.basename(name)
    elif GLOB.search(clean):
        # a pattern's folders lose their own name, a file keeps it
        depth = clean.count("/") + 1
        inside = name.split("/", depth)[-1] if name.count("/") >= depth else posixpath.basename(name)
    else:
        inside = name.removeprefix(clean).lstrip("/")
    return posixpath.normpath(posixpath.join(destination, inside))


def _from_stage(
    step: Step, word: nodes.Word, destination: str, ledger: Ledger, others: Mapping[int, Ledger], facts: Facts
) -> None:
    node = step.node
    # a path that is not absolute starts at the other stage's root
    path = facts.expand(word.text, node)
    source = next((item for item in step.sources if item.origin is Origin.STEP), None)
    other = _ledger_of(source, others)
    if path is None or other is None:
        ledger.put(LayerEntry(step.number, destination.rstrip("/") or "/", unseen(path or "*")))
        return
    top = posixpath.normpath("/" + path.strip("/*"))
    files = _files_of(top, destination, other)
    if files:
        # they are still those of the context, for the steps that read them
        ledger.put(LayerEntry(step.number, destination.rstrip("/") or "/", _sum(files.values()), files=files))
    rest = _found(top, other, without_files=bool(files))
    if rest != ZERO or not files:
        ledger.put(LayerEntry(step.number, destination.rstrip("/") or "/", rest))


def _files_of(top: str, destination: str, other: Ledger) -> dict[str, ContextFile]:
    """The context's files at a path of another stage, by the paths that they get."""
    found = {name: file for entry in other.entries for name, file in (entry.files or {}).items() if lies_in(name, top)}
    if top in found:
        folder = destination.endswith("/")
        return {posixpath.join(destination, posixpath.basename(top)) if folder else destination: found[top]}
    return {posixpath.normpath(f"{destination}/{name.removeprefix(top)}"): file for name, file in found.items()}


def _sum(files: Iterable[ContextFile]) -> Amount:
    return Amount.exact(float(sum(file.size for file in files)), Basis.INDEXED)


def _ledger_of(source: CopySource | None, others: Mapping[int, Ledger]) -> Ledger | None:
    return others.get(source.step) if source is not None and source.step is not None else None


def _found(path: str, other: Ledger, *, without_files: bool) -> Amount:
    """The bytes at a path of another stage, those of single files aside where they are told apart.

    They are assumed by the name where nothing is known to be there, and unknown of all of a stage.
    """
    sizes = [
        entry.size
        for entry in other.entries
        if entry.path is not None and lies_in(entry.path, path) and not (without_files and entry.files)
    ]
    if path in ("/", ""):
        return total(sizes) + Amount.unknown()
    if sizes or without_files:
        return total(sizes)
    return known_files().get(path) or unseen(path)


def unseen(path: str) -> Amount:
    """The bytes that a file or folder may take that is not at hand, by its name."""
    name = posixpath.basename(posixpath.normpath(path).rstrip("/")) or "."
    if name in ("*", "**"):
        name = "."
    return next(size for names, size in _kinds() if matches_any(name, names))


@cache
def _kinds() -> tuple[tuple[tuple[str, ...], Amount], ...]:
    return tuple(
        (tuple(item["names"]), Amount(item["low"], item["mid"], item["high"], Basis.HEURISTIC))
        for item in tables.table(FILES)["unseen"]
    )


@cache
def known_files() -> dict[str, Amount]:
    """Files that images bring and that are copied from them often, by their paths."""
    data = tables.table(FILES)
    return {
        item["path"]: Amount.around(item["mb"] * 1e6, item["low"], item["high"], Basis(item["basis"]))
        for item in data["file"]
    }
