"""DF607: an image for one architecture with `--platform` of another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.catalogue import platforms
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile


@rule(
    name="base-image-platform",
    severity=Severity.WARNING,
    aliases=("InvalidBaseImagePlatform",),
    needs=("--platform",),
)
def base_image_platform(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A base image is for one architecture, and `--platform` asks for another.

    The builder takes the image nevertheless, and its programs fail with `exec format error` or run emulated. The names
    of Docker Hub's official images for one architecture, such as `arm64v8/debian`, say which one it is; of other images
    it is not known without a registry, and nothing is said.

    ```dockerfile bad
    FROM --platform=linux/amd64 arm64v8/debian:bookworm-slim
    ```

    ```dockerfile good
    FROM --platform=linux/arm64 arm64v8/debian:bookworm-slim
    ```

    **Source:** BuildKit's check InvalidBaseImagePlatform, where it needs no registry.
    """
    for stage in doc.stages:
        flag = stage.from_.flag("platform")
        image = facts.expand_global(stage.from_.image.text)
        if flag is None or not flag.value or not image or facts.graph.parent(stage):
            continue
        wanted = platforms.parse(facts.expand_global(flag.value) or "")
        given = platforms.of_image(image)
        if wanted and given and wanted != given:
            message = f"`{image}` is for {given}, and the platform asked for is {wanted}"
            yield Finding(doc.marked(stage.from_, flag.span), message)
