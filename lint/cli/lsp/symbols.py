"""The outline of a file: its stages, and the instructions in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol.types import DocumentSymbol, SymbolKind

from dockerlint.lint.report.escaping import clean
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from .file_setup import FileView


def symbols(view: FileView) -> list[DocumentSymbol]:
    """What stands before the first FROM, then the stages."""
    found = [_instruction(view, node) for node in view.doc.preamble]
    return found + [_stage(view, stage) for stage in view.doc.stages]


def _stage(view: FileView, stage: nodes.Stage) -> DocumentSymbol:
    alias = stage.from_.alias
    return DocumentSymbol(
        clean(alias.text) if alias else f"stage {stage.index}",
        SymbolKind.Module,
        view.places.range(stage.span),
        view.places.range((alias or stage.from_.keyword).span),
        clean(stage.from_.image.text),
        children=[_instruction(view, node) for node in stage.instructions],
    )


def _instruction(view: FileView, node: nodes.Instruction) -> DocumentSymbol:
    kind = SymbolKind.Variable if isinstance(node, nodes.Arg | nodes.Env) else SymbolKind.Event
    return DocumentSymbol(
        clean(view.facts.brief(node)) or node.name, kind, view.places.range(node.span), view.places.range(node.keyword.span)
    )
