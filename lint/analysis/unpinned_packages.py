"""Packages that a RUN installs without a version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import hadolint_pins

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dockerlint.lint.catalogue.tool import Invocation, Tool
    from dockerlint.lint.syntax.nodes import Run, Word

    from .facts import Facts

MOST_NAMED = 3
# Subcommands that name packages where the tool's install action does not say so: Go builds what it fetches.
NAMING = {"go": frozenset({"install", "get", "run"})}


def unpinned(facts: Facts, run: Run, tools: frozenset[str]) -> list[Word]:
    """The packages that a RUN installs by one of the tools without a version, in the order they are written."""
    return [word for word, _ in unpinned_by(facts, run, tools)]


def unpinned_by(facts: Facts, run: Run, tools: frozenset[str]) -> list[tuple[Word, Tool]]:
    """As `unpinned`, each with the tool that installs it."""
    installs = (item for item in facts.invocations(run) if item.tool.name in tools)
    return [(word, item.tool) for item in installs for word in _unpinned(item, run, facts)]


def named(words: Sequence[Word]) -> str:
    """The first of the packages by name, and how many more there are."""
    more = f" and {len(words) - MOST_NAMED} more" if len(words) > MOST_NAMED else ""
    return ", ".join(word.text for word in words[:MOST_NAMED]) + more


def _unpinned(item: Invocation, run: Run, facts: Facts) -> Iterator[Word]:
    if facts.as_hadolint:
        yield from hadolint_pins.unpinned(item, run, facts)
    elif _names_packages(item):
        yield from (word for word in _packages(item) if not _is_pinned(word, item, run, facts))


def _names_packages(item: Invocation) -> bool:
    action = item.tool.action("install")
    naming = NAMING.get(item.tool.name)
    if item.subcommand not in naming if naming else item.action != "install":
        return False
    return item.subcommand not in action.unversioned and not item.has(action.versions)


def _packages(item: Invocation) -> Iterator[Word]:
    """The words that name packages, or stand for such by a variable."""
    tool = item.tool
    # what follows the program of `go run` is for the program
    operands = item.operands[:1] if item.subcommand == "run" else item.operands
    for word in operands:
        is_other = tool.not_packages and tool.not_packages.match(word.text)
        if not is_other or word.text.startswith("$") or (tool.repository and tool.repository.match(word.text)):
            yield word


def _is_pinned(word: Word, item: Invocation, run: Run, facts: Facts) -> bool:
    """Whether a package has a version, or may have: one that the build puts in by a variable counts as such."""
    if _has_version(word.text, item.tool):
        return True
    if "$" not in word.text:
        return False
    known = facts.expand(word.text, run)
    other = item.tool.not_packages
    return known is None or all(
        _has_version(name, item.tool) or (other and other.match(name)) for name in known.split()
    )


def _has_version(text: str, tool: Tool) -> bool:
    if tool.repository and tool.repository.match(text):
        return tool.revision is not None and tool.revision.match(text) is not None
    return tool.pin is None or tool.pin.match(text) is not None
