"""How fast downloads and the machine are, as the configuration says it, for the cost model."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from dockerlint.fixers.cost.bounded import Amount
    from dockerlint.lint.settings.config import Config


class Speed(TypedDict):
    """Arguments of `estimate` and `price`."""

    network: Amount | None
    machine: float


def speed(config: Config) -> Speed:
    """What the configuration says of the network and the machine."""
    from dockerlint.fixers.cost.bounded import Amount
    from dockerlint.lint.settings.network_rate import rate

    return Speed(network=Amount.exact(rate(config.network)) if config.network else None, machine=config.machine)
