"""DF607: the base image does not have the platform that `--platform` asks for."""

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
    """The base image does not have the platform that `--platform` asks for.

    The builder takes the image nevertheless, and its programs fail with `exec format error` or run emulated. The names
    of Docker Hub's official images for one architecture, such as `arm64v8/debian`, say which one it is; of other images
    the registry knows, which `--online` asks.

    ```dockerfile bad
    FROM --platform=linux/amd64 arm64v8/debian:bookworm-slim
    ```

    ```dockerfile good
    FROM --platform=linux/arm64 arm64v8/debian:bookworm-slim
    ```

    **Source:** BuildKit's check InvalidBaseImagePlatform.
    """
    for stage in doc.stages:
        flag = stage.from_.flag("platform")
        image = facts.expand_global(stage.from_.image.text)
        if flag is None or not flag.value or not image or facts.graph.parent(stage):
            continue
        wanted = platforms.parse(facts.expand_global(flag.value) or "")
        given = _platforms(image, facts)
        if wanted and given and wanted not in given:
            message = f"`{image}` is for {', '.join(map(str, given))}, but the build asks for {wanted}"
            yield Finding(doc.marked(stage.from_, flag.span), message)


def _platforms(image: str, facts: Facts) -> list[platforms.Platform]:
    """The platforms that the image is for, by its registry or else by its name; none where that is not known."""
    told = facts.looked_up(image)
    if told:
        return list(dict.fromkeys(filter(None, map(platforms.parse, told.platforms))))
    named = platforms.of_image(image)
    return [named] if named else []
