"""DF634: the file uses a feature that an older builder does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.analysis.builder_features import used_features
from dockerlint.lint.catalogue.builder_releases import Release, engine_of
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.builder_features import Use
    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.builder_releases import Feature
    from dockerlint.lint.syntax.nodes import Dockerfile

# What all builders in use have built in: Docker 20.10 is out of support since 2023.
COMMON = Release(3)
DOES = ("refuses", "ignores")


@rule(name="missing-syntax-directive", severity=Severity.INFO)
def missing_syntax_directive(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """The file uses a feature that an older builder does not know.

    `# syntax=docker/dockerfile:1` makes any BuildKit fetch the language of today; without it the one that is built in decides, and
    an old one refuses the file. By default this is told only where the configuration says what must build the file: `min-frontend`
    names the oldest release of the language, `builder` a builder that is not BuildKit, which knows less. `dlint doctor FILE` lists
    what a file needs.

    ```dockerfile bad
    FROM python:3.12-slim
    COPY --link app /app
    ```

    ```dockerfile bad
    FROM python:3.12-slim
    COPY --chmod=u+x app /app
    ```

    ```dockerfile good
    # syntax=docker/dockerfile:1
    FROM python:3.12-slim
    COPY --link app /app
    ```

    **Source:** the Dockerfile reference, "syntax"; the release notes of the Dockerfile language.
    """
    settings = facts.settings
    if settings.builder != "buildkit":
        for use in _first_uses(facts):
            answer = getattr(use.feature, settings.builder)
            if answer in DOES:
                yield Finding(use.span, f"the {settings.builder} builder {answer} {use.feature.what}")
        return
    least = Release.parse(settings.min_frontend) if settings.min_frontend else None
    # what the release that a directive asks for does not know is refused: DL1000 tells
    if doc.directive("syntax") or (least is None and facts.quiet):
        return
    newer = [use for use in _first_uses(facts) if not use.feature.known_to(least or COMMON) and use.feature.frontend]
    for use in newer if least else newer[:1]:
        limit = f", `min-frontend` is {settings.min_frontend}" if least else ""
        yield Finding(use.span, f"{use.feature.what} needs {_needs(use.feature)}{limit}: add `# syntax=docker/dockerfile:1` on line 1")


def _first_uses(facts: Facts) -> list[Use]:
    """Of each feature the first use, in file order."""
    found: dict[str, Use] = {}
    for use in used_features(facts):
        found.setdefault(use.feature.name, use)
    return list(found.values())


def _needs(feature: Feature) -> str:
    engine = engine_of(feature.release.minor)
    return f"Dockerfile {feature.release}" + (f" (Docker {engine})" if engine else "")
