"""DL3006 and DL3007: the base image may be another one tomorrow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile, Stage


@rule("DL3006", name="untagged-base", severity=Severity.WARNING)
def untagged_base(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A base image has no tag.

    The builder then takes `latest`: the next build may get another major version and fail, or worse, not fail. A name
    that holds a variable is left to whoever sets it.

    ```dockerfile bad
    FROM debian AS builder
    ```

    ```dockerfile good
    FROM debian:bookworm-slim AS builder
    FROM builder
    ```

    ```dockerfile good
    ARG BASE=debian
    FROM ${BASE}
    ```

    **Source:** hadolint DL3006.
    """
    for stage, image in _images(doc, facts):
        if image != "scratch" and _tag(image, facts) is None:
            yield Finding(stage.from_.image.span, f"`{image}` has no tag: the build uses whatever `latest` is")


@rule("DL3007", name="latest-base", severity=Severity.WARNING)
def latest_base(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A base image is tagged `latest`.

    The tag moves: the next build may get another major version. Name the version that the file was written for.

    ```dockerfile bad
    FROM node:latest
    ```

    ```dockerfile good
    FROM node:22-slim
    ```

    ```dockerfile good
    FROM node:latest@sha256:7959ed6f7e35f8b1aaa06d1d8259d4ee25aa85a086d5c125480c333183f9deeb
    ```

    **Source:** hadolint DL3007.
    """
    for stage, image in _images(doc, facts):
        if _tag(image, facts) == "latest":
            yield Finding(stage.from_.image.span, f"`{image}` can change at any time: use a version tag")


def _images(doc: Dockerfile, facts: Facts) -> Iterator[tuple[Stage, str]]:
    """The stages that start from an image of a fixed name without a digest, and that name."""
    for stage in doc.stages:
        image = stage.from_.image.text.strip("\"'")
        variable = image.startswith("$") if facts.as_hadolint else "$" in image
        if not variable and "@" not in image and facts.graph.parent(stage) is None:
            yield stage, image


def _tag(image: str, facts: Facts) -> str | None:
    """The tag of an image, if it has one; hadolint 2.15.1 takes a registry's port for a tag (measured)."""
    if facts.as_hadolint:
        return image.partition(":")[2] or None
    name, colon, tag = image.rpartition(":")
    return tag if colon and name and "/" not in tag else None
