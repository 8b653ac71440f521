"""What the figures of a file rest on, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.cost.base_sizes import base_sizes
from dockerlint.fixers.cost.tool_figures import figure, latest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .view import EstimateView


def basis(view: EstimateView) -> Iterator[tuple[str, str]]:
    """Names and sentences: speeds, shares, images, the date of the figures, what was measured."""
    rate = figure("network.rate")
    if view.network is None:
        yield "network", f"{rate.source} ({rate.date})"
    else:
        yield "network", f"{view.network.mid * 8 / 1e6:,.6g} Mbit/s, as asked for"
    yield "machine", f"{view.machine:g} times as fast as two ordinary cores"
    replay = view.found.replay
    if replay is None:
        yield "shares of builds", "stated defaults; --replay takes them from the commits"
    else:
        yield "shares of builds", f"by the last {replay.commits:,} commits; of lost caches and moved images, stated defaults"
    yield "figures of tools", f"measured and remembered up to {latest()}"
    images = dict.fromkeys(step.image for step in view.found.plan.graph.steps if step.is_pull)
    for image in images:
        sizes = base_sizes(image or "")
        words = f"{sizes.source}, {sizes.date}" if sizes.source else "not known"
        yield f"image {image or 'by a build argument'}", words
    if view.found.measured is not None:
        yield "measured", f"{view.found.measured} of {len(view.found.steps)} steps"
