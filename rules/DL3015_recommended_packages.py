"""DL3015: apt also installs recommended packages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.cache.cleanup import add_option
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.tool import Invocation
    from dockerlint.lint.syntax.nodes import Instruction, Run


@rule(name="recommended-packages", severity=Severity.INFO, recommended=False)
def recommended_packages(facts: Facts) -> Iterator[Finding]:
    """apt also installs recommended packages.

    Recommended packages serve people who sit at the machine: manuals, desktop helpers, other programs that go well with it.
    Without them an image is often smaller by tens of megabytes. Stages that do not ship are left alone.

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*
    ```

    ```dockerfile fixed
    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install --no-install-recommends -y curl && rm -rf /var/lib/apt/lists/*
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*
    ```

    **Fix safety:** unsafe: a program may miss a package that came by recommendation.

    **Source:** hadolint DL3015; apt-get(8).
    """
    for run in facts.every(nodes.Run):
        found = [item for item in facts.invocations(run) if _recommends(item, facts)]
        if not found or not facts.in_image(run) or _is_configured(facts, run, found[0]):
            continue
        edits = tuple(add_option(run, item.subcommand_words[-1], _option(item)) for item in found)
        fix = Fix(f"add `{_option(found[0])}`", edits, Applicability.UNSAFE)
        name = found[0].name
        yield Finding(found[0].command.span, f"`{name}` also installs recommended packages", fix)


def _option(item: Invocation) -> str:
    return item.tool.action(item.action).no_recommends[0]


def _recommends(item: Invocation, facts: Facts) -> bool:
    action = item.tool.action(item.action)
    if item.action != "install" or not action.no_recommends or item.has(action.no_recommends):
        return False
    if facts.as_hadolint and (item.words[0].text != "apt-get" or item.subcommand != "install"):
        return False
    settings = tuple(setting.casefold() for setting in action.no_recommends_settings)
    return not any(word.text.casefold().endswith(settings) for word in item.words)


def _is_configured(facts: Facts, run: Run, item: Invocation) -> bool:
    """Whether this step or one before it writes the setting into a configuration file."""
    if facts.as_hadolint:
        return False
    names = tuple(setting.partition("=")[0] for setting in item.tool.action(item.action).no_recommends_settings)
    return _names(facts, run, names) or facts.comes_before(run, _names, names)


def _names(facts: Facts, item: Instruction, names: tuple[str, ...]) -> bool:
    text = facts.doc.source(item.span)
    return any(name in text for name in names)
