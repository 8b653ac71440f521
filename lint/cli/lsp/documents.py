"""Open documents: each version is a value, and what is worked out of it is kept with it."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol.types import TextDocumentContentChangePartial
from msgspec import Struct
from msgspec.structs import replace
from pygls.uris import to_fs_path

from dockerlint.lint.syntax.parser import parse
from dockerlint.lint.syntax.source import STDIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lsprotocol.types import TextDocumentContentChangeEvent

    from dockerlint.lint.syntax.nodes import Dockerfile

    from .positions import Positions

FILE = "file:"


class Document(Struct, frozen=True, dict=True):
    """One version of a text that an editor has open."""

    uri: str
    version: int
    places: Positions

    @property
    def text(self) -> str:
        """All of it."""
        return self.places.text

    @property
    def path(self) -> Path:
        """The file; that of standard input for what is in no file yet, which has no context."""
        found = to_fs_path(self.uri) if self.uri.startswith(FILE) else None
        return Path(found) if found else Path(STDIN)

    @cached_property
    def doc(self) -> Dockerfile:
        """Its tree."""
        return parse(self.text)

    def edited(self, changes: Sequence[TextDocumentContentChangeEvent], version: int) -> Document:
        """The next version; each change is of what the one before it left."""
        places = self.places
        for change in changes:
            text = change.text
            if isinstance(change, TextDocumentContentChangePartial):
                start, end = places.span(change.range)
                text = places.text[:start] + text + places.text[end:]
            places = replace(places, text=text)
        return replace(self, version=version, places=places)
