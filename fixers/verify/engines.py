"""Which engine is here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .base import NAMES, EngineError
from .docker import Docker
from .podman_buildah import StoreEngine

if TYPE_CHECKING:
    from collections.abc import Callable

    from .base import Engine


def find(name: str | None = None) -> Engine:
    """The engine of that name, else the first one that answers; nothing is built in it yet.

    Raises EngineError when there is none.
    """
    openers: dict[str, Callable[[str], Engine]] = {"docker": Docker.open, "podman": StoreEngine.open, "buildah": StoreEngine.open}
    complaints = []
    for candidate in (name,) if name else NAMES:
        try:
            return openers[candidate](candidate)
        except EngineError as error:
            complaints.append(str(error))
    raise EngineError("; ".join(complaints))
