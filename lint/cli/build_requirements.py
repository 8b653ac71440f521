"""What a file needs to be built: the part of `dlint doctor FILE` that says where it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.analysis.builder_features import used_features
from dockerlint.lint.catalogue.builder_releases import buildkit_of, engine_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dockerlint.lint.analysis.builder_features import Use
    from dockerlint.lint.analysis.facts import Facts

# The Dockerfile language of BuildKit's first releases.
FIRST = "1.0"
OTHERS = {"buildah": "buildah, podman", "kaniko": "kaniko", "classic": "classic builder"}
WIDTH = 20
MOST = 3


def build_requirements(facts: Facts) -> Iterator[str]:
    """What a file needs, line by line: the language's release, the engines that have it, and what other builders make of it."""
    uses = used_features(facts)
    newest = max((use for use in uses), key=lambda use: use.feature.release.minor, default=None)
    needed = FIRST if newest is None else str(newest.feature.release)
    yield _row("Dockerfile language", f"{needed} or newer" + (f": {_use(facts, newest)}" if newest else ""))
    yield _row("built into", _engines(newest))
    directive = facts.doc.directive("syntax")
    if directive:
        yield _row("asks for", f"{directive.value} (line {facts.doc.line(directive.span.start)}): any BuildKit fetches it")
    for builder, name in OTHERS.items():
        yield _row(name, _answer(facts, builder, uses))
    for use in uses:
        needs = use.feature.release
        yield f"  line {facts.doc.line(use.span.start)}: {use.feature.what} needs {needs}"


def _engines(newest: Use | None) -> str:
    if newest is None:
        return "any BuildKit"
    if newest.feature.frontend is None:
        return "no engine: the labs release must be asked for, `# syntax=docker/dockerfile:1-labs`"
    minor = newest.feature.release.minor
    engine = engine_of(minor)
    return f"BuildKit {buildkit_of(minor)}, " + (f"Docker Engine {engine}" if engine else "no Docker Engine that is known")


def _answer(facts: Facts, builder: str, uses: Sequence[Use]) -> str:
    """Whether another builder takes a file, with the lines that it does not take."""
    by_answer = {answer: [use for use in uses if getattr(use.feature, builder) == answer] for answer in ("refuses", "ignores", "unknown")}
    if refused := by_answer["refuses"]:
        return f"no: {_listed(facts, refused)}"
    if ignored := by_answer["ignores"]:
        return f"takes it, but ignores {_listed(facts, ignored)}"
    if unknown := by_answer["unknown"]:
        return f"not known: {_listed(facts, unknown)}"
    return "yes"


def _listed(facts: Facts, uses: Sequence[Use]) -> str:
    more = f" and {len(uses) - MOST} more" if len(uses) > MOST else ""
    return ", ".join(_use(facts, use) for use in uses[:MOST]) + more


def _use(facts: Facts, use: Use) -> str:
    return f"{use.feature.what} (line {facts.doc.line(use.span.start)})"


def _row(name: str, value: str) -> str:
    return f"  {name:<{WIDTH}} {value}"
