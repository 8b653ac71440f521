"""DL3026: an image comes from a registry that is not trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.analysis.stages import references
from dockerlint.lint.catalogue.name_patterns import matches_any
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.span import Span

HUB = "docker.io"
# Names of Docker Hub; hadolint 2.15.1 knows the first two, and the second only for images without a registry (measured).
HUB_NAMES = (HUB, "hub.docker.com", "index.docker.io", "registry-1.docker.io")


@rule(name="untrusted-registry", severity=Severity.ERROR)
def untrusted_registry(facts: Facts) -> Iterator[Finding]:
    """An image comes from a registry that is not trusted.

    The configuration's `trusted-registries` says which are; without it there is nothing to find. Images without a
    registry's name are Docker Hub's, `docker.io`. In a name, `*` stands for any text.

    ```context .dlint.toml
    trusted-registries = ["docker.io", "*.example.com"]
    ```

    ```dockerfile bad
    FROM quay.io/prometheus/busybox:latest
    ```

    ```dockerfile bad
    FROM debian:bookworm-slim
    COPY --from=ghcr.io/astral-sh/uv:0.5 /uv /bin/
    ```

    ```dockerfile good
    FROM registry.example.com/base:1 AS base
    FROM debian:bookworm-slim
    COPY --from=base /app /app
    ```

    **Source:** hadolint DL3026.
    """
    if not facts.settings.trusted_registries:
        return
    for span, image in _images(facts):
        registry = _registry(image, facts)
        if registry is not None and not _is_trusted(registry, facts):
            yield Finding(span, f"`{image}` is not from a trusted registry")


def _images(facts: Facts) -> Iterator[tuple[Span, str]]:
    """What is no stage of all that FROM, COPY --from and mounts name, with its variables put in where they are known."""
    stages = {stage.from_.span.start: stage for stage in facts.doc.stages}
    above = 0
    for node in facts.every(nodes.Instruction, triggers=not facts.as_hadolint):
        if isinstance(node, nodes.From):
            stage = stages.get(node.span.start)
            above = stage.index if stage else above
            names, span = [node.image.text], node.image.span
        else:
            names, span = list(references(node)), node.span
        for name in names:
            image = name if facts.as_hadolint else facts.expand_global(name) or name
            if image != "scratch" and not _is_stage(facts, name, above, node):
                yield span, image
        if isinstance(node, nodes.From):
            above += 1


def _is_stage(facts: Facts, name: str, above: int, node: nodes.Instruction) -> bool:
    """Whether it is one of the stages above; hadolint knows them by their exact names only."""
    if facts.as_hadolint:
        return any(stage.from_.alias and stage.from_.alias.text == name for stage in facts.doc.stages[:above])
    found = facts.graph.find(name, above)
    return found is not None and not (isinstance(node, nodes.From) and name.isdecimal() and found.name != name)


def _registry(image: str, facts: Facts) -> str | None:
    """The registry of an image; None when a variable decides it."""
    first, slash, _ = image.partition("/")
    if not facts.as_hadolint:
        if "$" in first:
            return None
        if slash and first == "localhost":
            return first
    return first if slash and ("." in first or ":" in first) else ""


def _is_trusted(registry: str, facts: Facts) -> bool:
    trusted = facts.settings.trusted_registries
    names: tuple[str, ...] = (registry,)
    if facts.as_hadolint:
        names = names if registry else HUB_NAMES[:2]
        return any(_fits_hadolints(name, pattern) for name in names for pattern in trusted)
    if not registry or registry in HUB_NAMES:
        names = HUB_NAMES
    return any(matches_any(name, trusted) for name in names)


def _fits_hadolints(name: str, pattern: str) -> bool:
    """hadolint's patterns have one `*`, at the start or at the end (measured)."""
    if pattern.startswith("*"):
        return name.endswith(pattern[1:])
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern
