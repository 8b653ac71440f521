"""What a Dockerfile costs: bytes shipped, bytes wasted, seconds of the next build."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .cost_model import Estimate, estimate
    from .saving import price

__all__ = ["Estimate", "estimate", "price"]


def __getattr__(name: str) -> object:
    # who asks for figures alone does not pay for the model
    if name == "price":
        from .saving import price

        return price
    if name in ("Estimate", "estimate"):
        from . import cost_model as model

        return getattr(model, name)
    raise AttributeError(f"module {__name__} has no attribute {name}")
