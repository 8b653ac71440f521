"""Writes the versions of a real image to packages that are installed without one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.analysis.installed_packages import canonical
from dockerlint.lint.engine.findings import Applicability, Fix
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax.span import Edit, Span

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.tool import Tool
    from dockerlint.lint.syntax.nodes import Run, Word

# The name in a word: of npm's `@scope/name`, of apt's `name:arch`, of pip's `name[extra]`.
NAME = regex(r"(@?[\w.+-]+(?:/[\w.+-]+)?)(?::\w+|\[[\w,. -]*\])?(?:@latest)?")
LATEST = "@latest"
LONGEST_TITLE = 3


def pin(facts: Facts, run: Run, packages: Iterable[tuple[Word, Tool]]) -> Fix | None:
    """The fix that pins packages of a RUN to the versions of `--pin-from`; None when it has none of them.

    The list is that of the image that is built: a stage that does not ship has other packages.
    """
    if not facts.settings.pins or not facts.in_image(run):
        return None
    pinned = [
        (edit, title)
        for word, tool in packages
        if (version := _version(facts, word, tool))
        for edit, title in (_written(facts, word, f"{tool.pin_sign}{version}"),)
    ]
    if not pinned:
        return None
    names = ", ".join(title for _, title in pinned[:LONGEST_TITLE])
    more = f" and {len(pinned) - LONGEST_TITLE} more" if len(pinned) > LONGEST_TITLE else ""
    return Fix(f"pin {names}{more}", tuple(edit for edit, _ in pinned), Applicability.UNSAFE)


def _version(facts: Facts, word: Word, tool: Tool) -> str | None:
    if tool.pin_sign is None or tool.package_list is None:
        return None
    match = NAME.fullmatch(word.text)
    versions = facts.settings.pins.get(tool.package_list, {})
    return versions.get(canonical(tool.package_list, match[1])) if match else None


def _written(facts: Facts, word: Word, version: str) -> tuple[Edit, str]:
    """The version behind a word, within the quotes that may be around it."""
    source = facts.doc.source(word.span)
    end = word.span.end - (source[-1:] in "\"'" and source[:1] == source[-1:])
    start = end - len(LATEST) if word.text.endswith(LATEST) else end
    return Edit(Span(start, end), version), word.text.removesuffix(LATEST) + version
