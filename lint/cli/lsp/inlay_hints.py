"""The cost of each step at the end of its first line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol.types import InlayHint, MarkupContent, MarkupKind

from .cost_text import brief, steps, told

if TYPE_CHECKING:
    from dockerlint.lint.syntax.span import Span

    from .file_setup import FileView


def hints(view: FileView, span: Span) -> list[InlayHint]:
    """The hints of the steps that start in a span."""
    found = []
    for node, cost in steps(view):
        label = brief(cost)
        if not label or not span.start <= node.span.start <= span.end:
            continue
        end = view.doc.line_span(view.doc.line(node.span.start)).end
        tooltip = MarkupContent(MarkupKind.Markdown, told(cost))
        found.append(InlayHint(view.places.position(end), label, tooltip=tooltip, padding_left=True))
    return found
