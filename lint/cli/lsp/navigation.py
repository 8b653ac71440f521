"""Where stages, ARGs and ENVs are defined, and where they are used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol.types import Location

from . import stage_names, variables

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dockerlint.lint.syntax.span import Span

    from .file_setup import FileView


def definition(view: FileView, offset: int) -> list[Location]:
    """Where what is at a place is defined."""
    name = stage_names.at(view, offset)
    if name is not None:
        return _locations(view, [stage_names.definition(name.stage)])
    use = variables.at(view, offset)
    found = variables.origin(view, use) if use else None
    return _locations(view, [found.span]) if found else []


def references(view: FileView, offset: int, *, declaration: bool) -> list[Location]:
    """Where what is at a place is used, and with `declaration` where it is defined."""
    name = stage_names.at(view, offset)
    if name is not None:
        same = [item for item in stage_names.names(view) if item.stage is name.stage]
        return _locations(view, [item.span for item in same if declaration or not item.defines])
    use = variables.at(view, offset)
    found = variables.origin(view, use) if use else None
    if found is None:
        return []
    alike = [item for item in variables.uses(view) if item.name == found.name]
    return _locations(
        view,
        [
            item.span
            for item in alike
            if (known := variables.origin(view, item)) and known.span == found.span and (declaration or item.span != found.span)
        ],
    )


def _locations(view: FileView, spans: Iterable[Span]) -> list[Location]:
    return [Location(view.document.uri, view.places.range(span)) for span in spans]
