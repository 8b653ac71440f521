"""Base images that another Dockerfile of the same repository builds, as far as its place says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from dockerlint.lint.catalogue.base_images import parse_reference
from dockerlint.lint.storage.errors import SourceError
from dockerlint.lint.syntax.source import is_file, read

from .base_sizes import UNKNOWN, BaseSizes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# How far up the top of the repository is looked for, and how many bases may stand on one another.
MOST_LEVELS = 12
MOST_DEPTH = 5
# Where repositories keep the Dockerfiles of their images: a folder for each, of its name.
SHELVES = ("", "docker", "dockerfiles", "images", "containers")


class Neighbours(Struct, frozen=True):
    """The Dockerfiles around one: from its folder up to `top`, the repository's. `above` are those that led here."""

    file: Path
    top: Path
    above: tuple[Path, ...] = ()
    known: dict[str, BaseSizes] = field(default_factory=dict)

    @classmethod
    def of(cls, file: Path) -> Neighbours | None:
        """Those of a file; None outside of a repository."""
        file = file.absolute()
        for folder in list(file.parents)[:MOST_LEVELS]:
            if (folder / ".git").exists():
                return cls(file, folder.resolve())
        return None

    def sizes(self, reference: str) -> BaseSizes:
        """The sizes of an image by the file that seems to build it: `owner/base:tag` is built in a folder `base`.

        It is no more than seeming, so that all of it is a heuristic. Unknown amounts where no file is found.
        """
        if reference not in self.known:
            self.known[reference] = self._estimated(reference)
        return self.known[reference]

    def _estimated(self, reference: str) -> BaseSizes:
        if "$" in reference or len(self.above) >= MOST_DEPTH:
            return UNKNOWN
        for path in self._candidates(reference):
            if path != self.file and path not in self.above and is_file(path) and path.resolve().is_relative_to(self.top):
                return self._of_file(path)
        return UNKNOWN

    def _candidates(self, reference: str) -> Iterator[Path]:
        image = parse_reference(reference)
        name, tag = image.repository.rpartition("/")[2], image.tag or ""
        if name in ("", ".", "..") or tag in (".", ".."):
            return
        for folder in self.file.parents:
            for shelf in SHELVES:
                place = folder / shelf
                if tag:
                    yield place / name / tag / "Dockerfile"
                yield place / name / "Dockerfile"
                yield place / f"{name}.Dockerfile"
                yield place / f"Dockerfile.{name}"
            if folder.resolve() == self.top:
                return

    def _of_file(self, path: Path) -> BaseSizes:
        from dockerlint.lint.analysis.facts import Facts
        from dockerlint.lint.syntax.parser import parse

        from .copy_selections import Selections
        from .cost_model import estimate

        try:
            doc = parse(read(path).text)
        except (SourceError, RecursionError):
            return UNKNOWN
        around = Neighbours(path, self.top, (*self.above, self.file), self.known)
        image = estimate(doc, Facts(doc), selections=Selections(neighbours=around.sizes)).image
        return BaseSizes(image.ships.guessed(), image.adds.guessed(), str(path.relative_to(self.top)), "")
