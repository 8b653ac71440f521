"""DF207: the image that ships is based on the full variant of its base."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.findings import Finding, Severity
from dockerlint.lint.images import lookup
from dockerlint.lint.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.facts import Facts
    from dockerlint.lint.nodes import Dockerfile

VARIANT = "-slim"
# A slim variant that saves less than this share of the base is not worth a word.
LEAST_SHARE = 0.25


@rule("DF207", name="full-base-image", severity=Severity.INFO, recommended=False)
def full_base_image(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """The image that ships is based on the full variant of its base, where a slim one exists.

    The full variants of language images hold compilers and headers for building any package from source. What is installed
    from wheels or prebuilt packages runs as well on the slim variant.

    ```dockerfile bad
    FROM python:3.12
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

    **Source:** the images' own pages, "Image Variants"; sizes from the table of base images.
    """
    del doc
    target = facts.graph.target
    image = facts.image(target) if target else None
    base = facts.base(target) if target else None
    if target is None or image is None or base is None or "@" in image:
        return
    # the table knows variants by their tags: an image whose tag names one is not the full variant
    slim = lookup(f"{base.repository}:{base.tag}{VARIANT}" if base.tag != "latest" else f"{base.repository}:slim")
    if slim is None or not slim.disk_bytes or not base.disk_bytes:
        return
    if slim.disk_bytes > (1 - LEAST_SHARE) * base.disk_bytes:
        return
    sizes = f"{base.disk_bytes / 1e6:.0f} MB, its slim variant {slim.disk_bytes / 1e6:.0f} MB"
    yield Finding("DF207", facts.graph.lineage(target)[-1].from_.image.span, f"{image} is {sizes}")
