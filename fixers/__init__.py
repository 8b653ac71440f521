"""Rewrites Dockerfiles, and knows what they cost."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .cost import estimate
    from .loop import fix

__all__ = ["estimate", "fix"]


def __getattr__(name: str) -> object:
    # who only fixes does not pay for the cost model's data, nor the other way round
    if name == "fix":
        from .loop import fix

        return fix
    if name == "estimate":
        from .cost import estimate

        return estimate
    raise AttributeError(f"module {__name__} has no attribute {name}")
