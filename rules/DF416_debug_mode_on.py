"""DF416: the image ships with debug mode on."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from dockerlint.lint.catalogue import tables
from dockerlint.lint.catalogue.name_patterns import matches_any
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts


@rule(name="debug-mode-on", severity=Severity.WARNING)
def debug_mode_on(facts: Facts) -> Iterator[Finding]:
    """The image ships with debug mode on.

    Debug modes show source and variables to visitors, run code that they send, or open a port for a debugger.

    ```dockerfile bad
    FROM python:3.12-slim
    ENV FLASK_DEBUG=1
    CMD ["flask", "run"]
    ```

    ```dockerfile good
    FROM python:3.12-slim
    ENV FLASK_DEBUG=0
    CMD ["flask", "run"]
    ```

    **Source:** SonarQube S4507; the frameworks' documentation.
    """
    target = facts.graph.target
    for stage in facts.graph.lineage(target) if target else ():
        for node in stage.all(nodes.Env):
            for pair in node.pairs:
                value = (pair.value.text if pair.value else "").strip("\"'").lower()
                if value in _variables().get(pair.key.text, ()):
                    yield Finding(
                        pair.span, f"`{pair.key.text}={value}` turns on development mode, and this image ships"
                    )
        for command in stage.all(nodes.CommandInstruction):
            words = command.form.words if isinstance(command.form, nodes.Exec) else ()
            for word in words:
                if matches_any(word.text, _words()):
                    yield Finding(word.span, f"`{word.text}` turns on development mode, and this image ships")


@cache
def _variables() -> dict[str, tuple[str, ...]]:
    return {name: tuple(values) for name, values in _data()["variables"].items()}


@cache
def _words() -> tuple[str, ...]:
    return tuple(_data()["commands"]["words"])


@cache
def _data() -> dict[str, dict[str, list[str]]]:
    return tables.table("lint/catalogue/data/debug.toml")
