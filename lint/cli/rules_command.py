"""`dlint rules`: the list of rules."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from dockerlint.lint.engine.rule import Rule


@click.command("rules")
@click.option(
    "--format", "format_", type=click.Choice(["text", "json"]), default="text", help="Output format."
)
def command(format_: str) -> int:
    """List the rules: code, level, name, what it finds.

    [*] can be fixed, (+) is in the recommended preset.

    \b
    dlint rules
    dlint rules --format json
    """
    from dockerlint.lint.engine.registry import rules

    known = rules()
    if format_ == "json":
        click.echo(json.dumps([_object(rule) for rule in known], indent=1, ensure_ascii=False).encode("utf-8"))
        return 0
    width = max((len(rule.name) for rule in known), default=0)
    for rule in known:
        marks = ("[*]" if rule.fixable else "   ") + (" (+)" if rule.recommended else "    ")
        click.echo(f"{rule.code:7} {rule.severity.value:8} {rule.name:{width}} {marks} {rule.summary}")
    return 0


def _object(rule: Rule) -> dict[str, Any]:
    return {
        "code": rule.code,
        "name": rule.name,
        "aliases": list(rule.aliases),
        "level": rule.severity.value,
        "recommended": rule.recommended,
        "hadolint": rule.hadolint,
        "fixable": rule.fixable,
        "summary": rule.summary,
        "documentation": rule.documentation,
    }
