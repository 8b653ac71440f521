"""`--online`: the images that this process has looked up, and what is said of those for which that was not possible."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.online.images import Images


@cache
def images() -> Images:
    """The images of this process."""
    from dockerlint.lint.online.images import Images

    return Images()


def not_looked_up(path: object, facts: Facts) -> Iterator[str]:
    """A sentence for each base image of a file that could not be looked up."""
    if facts.settings.images is None:
        return
    for stage in facts.doc.stages:
        image = facts.expand_global(stage.from_.image.text)
        why = facts.settings.images.failed.get(image or "")
        if why:
            yield f"{path}:{facts.doc.line(stage.from_.span.start)}: {image} was not looked up: {why}"
