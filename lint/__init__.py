"""Reads Dockerfiles: grammar, tree, shell, the rules' engine, reports."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .engine.checker import check
    from .syntax.parser import parse

__all__ = ["check", "parse"]


def __getattr__(name: str) -> object:
    # the command line's start-up pays for the grammar only when a file is read
    if name == "parse":
        from .syntax.parser import parse

        return parse
    if name == "check":
        from .engine.checker import check

        return check
    raise AttributeError(f"module {__name__} has no attribute {name}")
