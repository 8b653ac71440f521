"""DF506: a program is installed without a version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.analysis.program_calls import calls
from dockerlint.lint.analysis.unpinned_packages import named, unpinned
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts

TOOLS = frozenset({"cargo", "composer", "conda", "poetry", "pdm", "pipenv", "bun"})


@rule(name="unpinned-program", severity=Severity.INFO, recommended=False)
def unpinned_program(facts: Facts) -> Iterator[Finding]:
    """A program is installed without a version.

    Two builds of the same file give different images, and a new release may break the build without a change in it. Package managers
    that hadolint knows have rules of their own.

    ```dockerfile bad
    FROM rust:1.80
    RUN cargo install ripgrep
    ```

    ```dockerfile good
    FROM rust:1.80
    RUN cargo install ripgrep --version 14.1.1 --locked
    ```

    **Source:** the tools' documentation on versions.
    """
    for run in facts.every(nodes.Run):
        words = [word for word in unpinned(facts, run, TOOLS) if not word.text.startswith("$")]
        if words:
            yield Finding(words[0].span, f"{named(words)}: no version pinned")
        for call in calls(facts, run, "dotnet"):
            texts = call.texts
            if (
                texts[:2] == ["tool", "install"]
                and not any(text.startswith("--version") for text in texts)
                and "@" not in texts[-1]
            ):
                names = [text for text in texts[2:] if not text.startswith(("-", "/"))]
                if names:
                    yield Finding(call.command.span, f"{names[0]}: no version pinned")
