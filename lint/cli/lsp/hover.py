"""What an editor shows for a place: a step's cost, a variable's value, a finding's rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol.types import Hover, MarkupContent, MarkupKind

from dockerlint.lint.cli.explain_command import page
from dockerlint.lint.report.escaping import clean, visible

from . import variables
from .cost_text import step_at, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.syntax.span import Span

    from .file_setup import FileView

RULER = "\n\n---\n\n"


def hover(view: FileView, offset: int) -> Hover | None:
    """What there is to say of a place, and of which characters."""
    parts = list(_parts(view, offset))
    if not parts:
        return None
    span = min((span for span, _ in parts), key=lambda span: span.end - span.start)
    return Hover(MarkupContent(MarkupKind.Markdown, RULER.join(text for _, text in parts)), view.places.range(span))


def _parts(view: FileView, offset: int) -> Iterator[tuple[Span, str]]:
    node = next((node for node in view.doc.instructions if node.keyword.span.start <= offset <= node.keyword.span.end), None)
    step = step_at(view, node) if node else None
    if node and step:
        yield node.keyword.span, told(step)
    use = variables.at(view, offset)
    if use is not None:
        yield use.span, _value(use.name, variables.value(view, use))
    yield from _rules(view, offset)


def _rules(view: FileView, offset: int) -> Iterator[tuple[Span, str]]:
    """The page of the rule with the narrowest finding, and the others in a line each."""
    items = [item for item in view.found if item.finding.span.start <= offset <= item.finding.span.end]
    items.sort(key=lambda item: item.finding.span.end - item.finding.span.start)
    seen: set[str] = set()
    for item in items:
        rule = item.rule
        if rule.code in seen:
            continue
        yield item.finding.span, f"**{rule.code}** {rule.summary}" if seen else page(rule).strip()
        seen.add(rule.code)


def _value(name: str, value: str | None) -> str:
    if value is None:
        return f"`{name}`: its value is not known before the build"
    # no text of a file is read as Markdown: a fence of more tildes than are in it
    shown = visible(clean(value))
    fence = "~" * max(3, shown.count("~") + 1)
    return f"`{name}` is\n\n{fence}\n{shown}\n{fence}"
