"""One build as a compose or bake file words it, before its paths are looked up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Mapping


class BuildFileError(Exception):
    """A compose or bake file that cannot be used; the message is a sentence that names it."""


class BuildSpec(Struct, frozen=True):
    """A build with its variables put in.

    `context` and `dockerfile` are None when not known; `why_not` is the reason why there is nothing to check, and
    `is_base` says that other builds inherit from it and that nobody asks for it itself.
    """

    name: str
    context: str | None = "."
    dockerfile: str | None = "Dockerfile"
    target: str | None = None
    args: Mapping[str, str] = field(default_factory=dict)
    why_not: str = ""
    is_base: bool = False


def table(value: Any, where: str) -> Mapping[str, Any]:
    """A table of a file, an empty one if there is nothing; raises BuildFileError for anything else."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BuildFileError(f"{where} must be a table of names and values")
    return {str(key): item for key, item in value.items()}


def scalar(value: Any) -> str | None:
    """A number or a truth value as builders write it; None for all else."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else None
