"""Where a file names its stages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.span import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .file_setup import FileView


class Name(Struct, frozen=True):
    """A place with a stage's name or number; `defines` for the alias in its FROM."""

    span: Span
    stage: nodes.Stage
    defines: bool = False


def names(view: FileView) -> Iterator[Name]:
    """All places that name a stage, in the order of the file."""
    graph = view.facts.graph
    for stage in view.doc.stages:
        parent = graph.parent(stage)
        if parent is not None:
            yield Name(stage.from_.image.span, parent)
        if stage.from_.alias is not None:
            yield Name(stage.from_.alias.span, stage, defines=True)
        for node in stage.instructions:
            for span, text in _taken(view.doc, node):
                found = graph.find(text, stage.index)
                if found is not None:
                    yield Name(span, found)


def at(view: FileView, offset: int) -> Name | None:
    """The name at a place."""
    return next((name for name in names(view) if name.span.start <= offset <= name.span.end), None)


def definition(stage: nodes.Stage) -> Span:
    """Where a stage gets its name; of one that has none, its FROM."""
    return (stage.from_.alias or stage.from_.keyword).span


def _taken(doc: nodes.Dockerfile, node: nodes.Instruction) -> Iterator[tuple[Span, str]]:
    """What `--from=` of COPY and `from=` of mounts name, as it is written, without quotes around it."""
    for flag in node.flags:
        if isinstance(node, nodes.Copy) and flag.name == "from":
            yield from _value(doc, flag.span, "--from")
        if isinstance(node, nodes.Run) and flag.name == "mount":
            start = flag.span.start + len("--mount=")
            for option in doc.source(Span(start, flag.span.end)).split(","):
                span = Span(start, start + len(option))
                yield from _value(doc, span, "from")
                start = span.end + 1


def _value(doc: nodes.Dockerfile, span: Span, name: str) -> Iterator[tuple[Span, str]]:
    key, equals, text = doc.source(span).partition("=")
    if not equals or key.strip("\"' ").lower() != name:
        return
    start = span.start + len(key) + 1
    bare = text.lstrip("\"'")
    start += len(text) - len(bare)
    bare = bare.rstrip("\"'")
    if bare:
        yield Span(start, start + len(bare)), bare
