"""DF207: the final image uses the full variant of its base although a slim one exists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.image.slim_base import change, variant
from dockerlint.fixers.refusal import answered
from dockerlint.lint.catalogue.base_images import lookup
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.base_images import BaseImage

# A slim variant that saves less than this share of the base is not worth a word.
LEAST_SHARE = 0.25


@rule(name="full-base-image", severity=Severity.INFO, recommended=False)
def full_base_image(facts: Facts) -> Iterator[Finding]:
    """The final image uses the full variant of its base although a slim one exists.

    The full variants of language images hold compilers and headers for building any package from source. What is installed
    from wheels or prebuilt packages runs as well on the slim variant.

    ```dockerfile bad
    FROM python:3.12
    RUN useradd app
    USER app
    CMD ["python", "-m", "http.server"]
    ```

    ```dockerfile fixed
    FROM python:3.12-slim
    RUN useradd app
    USER app
    CMD ["python", "-m", "http.server"]
    ```

    ```dockerfile good
    FROM python:3.12-slim
    RUN useradd app
    USER app
    CMD ["python", "-m", "http.server"]
    ```

    **Fix safety:** always unsafe, and none where the file installs, calls or may compile what only the full variant is made for: its
    RUNs, its command and the scripts and manifests of the context are looked at.

    **Source:** the images' own pages, "Image Variants"; sizes from the table of base images.
    """
    target = facts.graph.target
    image = facts.image(target) if target else None
    base = facts.base(target) if target else None
    if target is None or image is None or base is None or "@" in image:
        return
    # the table knows variants by their tags: an image whose tag names one is not the full variant
    tag = variant(base)
    slim = lookup(f"{base.repository}:{tag}") if tag else None
    pair = _sizes(base, slim) if slim else None
    if tag is None or pair is None or pair[1] > (1 - LEAST_SHARE) * pair[0]:
        return
    root = facts.graph.lineage(target)[-1]
    fix = change(facts, root, base, tag)
    sizes = f"`{image}` is {pair[0] / 1e6:.0f} MB, `{base.repository}:{tag}` {pair[1] / 1e6:.0f} MB"
    yield answered(root.from_.image.span, sizes, fix)


def _sizes(full: BaseImage, slim: BaseImage) -> tuple[int, int] | None:
    """The bytes of two images: unpacked, or as pulled where that is all that is known of both."""
    for pair in ((full.disk_bytes, slim.disk_bytes), (full.compressed_bytes, slim.compressed_bytes)):
        if pair[0] and pair[1]:
            return pair[0], pair[1]
    return None
