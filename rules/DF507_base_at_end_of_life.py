"""DF507: the base image's release no longer gets security updates."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from dockerlint.lint.catalogue import tables
from dockerlint.lint.catalogue.base_images import lookup
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.base_images import BaseImage
    from dockerlint.lint.syntax.nodes import Dockerfile


@rule(name="base-at-end-of-life", severity=Severity.INFO)
def base_at_end_of_life(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """The base image's release no longer gets security updates.

    New vulnerabilities in its packages stay open, and package servers drop such releases after a while, which breaks the build.

    ```dockerfile bad
    FROM node:16-slim
    ```

    ```dockerfile bad
    FROM python:3.12-slim-buster
    ```

    ```dockerfile good
    FROM node:22-slim
    ```

    **Source:** the projects' pages on their releases, see `lint/catalogue/data/end_of_life.toml`.
    """
    for stage in doc.stages:
        image = facts.image(stage)
        base = lookup(image) if image and facts.graph.parent(stage) is None else None
        ended = _ended(base) if base else None
        if ended:
            release, date = ended
            yield Finding(stage.from_.image.span, f"{release} has had no security updates since {date}")


def _ended(base: BaseImage) -> tuple[str, str] | None:
    """The release that came to its end, and when: the image's own, else its distribution's."""
    tag = base.tag or ""
    for version, date in _data()["image"].get(base.repository, {}).items():
        if re.match(rf"{re.escape(version)}(?![0-9])", tag):
            return f"{base.repository} {version}", date
    release = base.release or ""
    if base.distribution == "alpine":
        release = ".".join(release.split(".")[:2])
    last = _data()["distribution"].get(base.distribution or "", {}).get(release)
    return (f"{base.distribution} {release}", last) if last else None


@cache
def _data() -> dict[str, dict[str, dict[str, str]]]:
    data = tables.table("lint/catalogue/data/end_of_life.toml")
    return {"image": data["image"], "distribution": data["distribution"]}
