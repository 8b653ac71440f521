"""What was measured of a build: read from histories, archives and logs, matched to its steps, kept for later."""

from .measurements import Measurements
from .row import Figures, MeasuredError

__all__ = ["Figures", "MeasuredError", "Measurements"]
