"""DL3000: a WORKDIR is relative to a folder that this file does not set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.edits import replace_word
from dockerlint.fixers.refusal import Refusal, answered
from dockerlint.lint.analysis.copy_sources import is_windows_path
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Instruction


@rule(name="relative-workdir", severity=Severity.WARNING, hadolint_severity=Severity.ERROR, aliases=("WorkdirRelativePath",), needs=("workdir",))
def relative_workdir(facts: Facts) -> Iterator[Finding]:
    """A WORKDIR is relative to a folder that this file does not set.

    Where it leads depends on the WORKDIR of the base image, which may change with its next release. Behind an absolute
    WORKDIR of the same build a relative one is clear, and is left alone.

    ```dockerfile bad
    FROM nginx:1.27
    WORKDIR usr/share/nginx/html
    COPY public .
    ```

    ```dockerfile bad
    FROM scratch
    WORKDIR app
    ```

    ```dockerfile fixed
    FROM scratch
    WORKDIR /app
    ```

    ```dockerfile good
    FROM nginx:1.27
    WORKDIR /usr/share/nginx
    WORKDIR html
    COPY public .
    ```

    **Fix safety:** safe. There is a fix only where the folder it starts from is known, as for `scratch`.

    **Source:** hadolint DL3000; BuildKit's check WorkdirRelativePath.
    """
    for node in facts.every(nodes.Workdir, triggers=not facts.as_hadolint):
        path = node.argument.text.strip("\"'")
        if path.startswith(("/", "$")) or is_windows_path(path) or _anchored(facts, node):
            continue
        known = facts.path(node.argument.text, node)
        fix: Fix | Refusal = Refusal("the folder that it is relative to is not known: write the whole path")
        if known is not None and "$" not in path and not facts.as_hadolint:
            edit = replace_word(node.argument, known.rstrip("/") or "/")
            fix = Fix(f"use `{known.rstrip('/') or '/'}`", (edit,), Applicability.SAFE)
        yield answered(node.argument.span, f"`WORKDIR {node.argument.text}` is relative: use an absolute path", fix)


def _anchored(facts: Facts, node: nodes.Workdir) -> bool:
    """Whether an absolute WORKDIR comes before it, in its stage or in those that the stage is FROM."""
    if facts.as_hadolint:
        return False
    return facts.comes_before(node, _is_absolute)


def _is_absolute(_: Facts, item: Instruction) -> bool:
    return isinstance(item, nodes.Workdir) and item.argument.text.strip("\"'").startswith("/")
