"""A build context that remembers what it was asked, so that later it can be seen whether it would answer the same."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import field

from dockerlint.lint.storage.checksum import checksum

from .build_context import Context, ignore_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .dockerignore import Ignore

Question = tuple[str, ...]


class Watched(Context, frozen=True, dict=True):
    """A context, and the questions it was asked with a digest of each answer."""

    asked: dict[Question, str] = field(default_factory=dict)

    @cached_property
    def ignore(self) -> Ignore:
        """The patterns of the ignore file."""
        self.asked["ignore",] = _patterns(self)
        return super().ignore

    @cached_property
    def files(self) -> dict[str, int]:
        """The files that the builder gets."""
        found = super().files
        self.asked["files",] = _listing(found)
        return found

    def names(self, folder: str, pattern: str = "*") -> list[str]:
        """The names in a folder that match."""
        found = super().names(folder, pattern)
        self.asked["names", folder, pattern] = _digest("\0".join(found))
        return found

    def read(self, path: str) -> str | None:
        """The text of a file."""
        text = super().read(path)
        self.asked["read", path] = _digest(repr(text))
        return text

    def beside(self, path: str) -> str | None:
        """The text of a file in the folder."""
        text = super().beside(path)
        self.asked["beside", path] = _digest(repr(text))
        return text

    def mode(self, path: str) -> int | None:
        """The permission bits of a file."""
        found = super().mode(path)
        self.asked["mode", path] = str(found)
        return found

    def is_left_out(self, path: str) -> bool:
        """Whether git leaves a path out."""
        found = super().is_left_out(path)
        self.asked["left out", path] = str(found)
        return found


def is_same(context: Context | None, asked: Iterable[tuple[Question, str]]) -> bool:
    """Whether a context still answers as it did."""
    pairs = list(asked)
    return not pairs or (context is not None and all(_answer(context, tuple(item)) == answer for item, answer in pairs))


def _answer(context: Context, question: Question) -> str:
    match question:
        case ("ignore",):
            return _patterns(context)
        case ("files",):
            return _listing(context.files)
        case ("names", folder, pattern):
            return _digest("\0".join(context.names(folder, pattern)))
        case ("read", path):
            return _digest(repr(context.read(path)))
        case ("beside", path):
            return _digest(repr(context.beside(path)))
        case ("mode", path):
            return str(context.mode(path))
        case ("left out", path):
            return str(context.is_left_out(path))
        case _:
            raise ValueError(f"no such question: {question}")


def _patterns(context: Context) -> str:
    return _digest(ignore_text(context))


def _listing(files: Mapping[str, int]) -> str:
    return _digest("\0".join(f"{name}\0{size}" for name, size in files.items()))


def _digest(text: str) -> str:
    return checksum(text.encode("utf-8", "surrogateescape"), 12).hex()
