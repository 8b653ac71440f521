"""DL3057: an image has no HEALTHCHECK."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile, Stage


@rule(name="no-healthcheck", severity=Severity.INFO, recommended=False)
def no_healthcheck(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """An image has no HEALTHCHECK.

    Docker then treats a container as healthy as long as its process runs. Kubernetes has its own probes and ignores
    HEALTHCHECK. Off by default, as in hadolint.

    ```dockerfile bad
    FROM nginx:1.27
    COPY site /usr/share/nginx/html
    ```

    ```dockerfile good
    FROM nginx:1.27 AS web
    HEALTHCHECK CMD curl -f http://localhost/

    FROM web
    COPY site /usr/share/nginx/html
    ```

    **Source:** hadolint DL3057; the Dockerfile reference, HEALTHCHECK.
    """
    found = _unchecked_for_hadolint(doc) if facts.as_hadolint else _unchecked(facts)
    for stage in found:
        yield Finding(stage.from_.span, "no HEALTHCHECK")


def _has_check(stage: Stage) -> bool:
    return any(stage.all(nodes.Healthcheck))


def _unchecked(facts: Facts) -> list[Stage]:
    """The images that the file makes without one."""
    return [stage for stage in facts.graph.results if not any(map(_has_check, facts.graph.lineage(stage)))]


def _unchecked_for_hadolint(doc: Dockerfile) -> list[Stage]:
    """The stages that have none, inherit none and pass on to none that has one, by names alone (measured, 2.15.1)."""
    good: set[str] = set()
    parents: dict[str, str] = {}
    for stage in doc.stages:
        name, image = _key(stage), stage.from_.image.text
        if name != image:
            parents[name] = image
        if image in good:
            good.add(name)
        if _has_check(stage):
            while name not in good:
                good.add(name)
                name = parents.get(name, name)
    return [stage for stage in doc.stages if _key(stage) not in good]


def _key(stage: Stage) -> str:
    return stage.from_.alias.text if stage.from_.alias else stage.from_.image.text
