"""What was measured of a build: read from histories, archives and logs, matched to its steps, kept for later."""

from typing import TYPE_CHECKING

from .measured_row import Figures, MeasuredError

if TYPE_CHECKING:
    from .measurements import Measurements

__all__ = ["Figures", "MeasuredError", "Measurements"]


def __getattr__(name: str) -> object:
    # who has nothing measured does not pay for what matches it
    if name == "Measurements":
        from .measurements import Measurements

        return Measurements
    raise AttributeError(f"module {__name__} has no attribute {name}")
