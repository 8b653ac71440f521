"""`dlint explain`: the page of a rule, or the proof behind a step's place."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import click

from dockerlint.lint.storage.lazy_regex import regex

from .shared_options import codes
from .terminal import is_terminal

if TYPE_CHECKING:
    from dockerlint.lint.engine.rule import Rule

FENCE = regex(r"^```(dockerfile|context) (\S+)$", re.MULTILINE)
TITLES = {"bad": "Bad", "good": "Good", "fixed": "Fixed"}


EXAMPLES = """\b
Examples:
  dlint explain DF101
  dlint explain --why Dockerfile:12
"""


@click.command("explain", epilog=EXAMPLES)
@click.argument("code", required=False, shell_complete=codes)
@click.option("--why", "place", metavar="FILE:LINE", help="Show why the instruction on a line can move, or must stay.")
def command(code: str | None, place: str | None) -> int:
    """Show the page of a rule: what it finds, why, how to fix it.

    CODE is a code, a name or an alias. With --why, show instead what the step on a line reads and writes, which steps it
    must keep its order with and where they meet, and the seconds that its place costs.

    \b
    dlint explain DF101
    dlint explain missing-cache-mount
    dlint explain --why Dockerfile:12
    """
    if (code is None) == (place is None):
        raise click.UsageError("name either a rule's CODE or --why FILE:LINE")
    if place is not None:
        from .explain_position import why

        click.echo(why(place), nl=False)
        return 0
    assert code is not None
    from dockerlint.lint.engine import shellcheck_rules
    from dockerlint.lint.engine.registry import find, rules
    from dockerlint.lint.settings.rule_names import meant

    rule = find(code) or shellcheck_rules.find(code)
    if rule is None:
        raise click.UsageError(f"there is no rule {code!r}{meant(code, rules()) or ':'} `dlint rules` lists all rules")
    _show(page(rule))
    return 0


def page(rule: Rule) -> str:
    """The rule's documentation in Markdown, with a head and titles over the examples."""
    body = FENCE.sub(_titled, rule.documentation)
    name = f" {rule.name}" if rule.name != rule.code else ""
    return f"# {rule.code}{name}\n\n*{facts(rule)}*\n\n{body}\n"


def facts(rule: Rule) -> str:
    """What stands under a rule's name: its level, whether it is recommended and can be fixed, its other names."""
    found = [rule.severity.value, "recommended" if rule.recommended else "not in the recommended preset"]
    if rule.hadolint_severity not in (None, rule.severity):
        found.append(f"{rule.hadolint_severity.value} in the preset hadolint")
    if rule.fixable:
        found.append("can be fixed")
    if rule.aliases:
        found.append(f"also known as {', '.join(rule.aliases)}")
    return " · ".join(found)


def _titled(fence: re.Match[str]) -> str:
    kind, name = fence.groups()
    if kind == "dockerfile":
        return f"{TITLES[name]}:\n\n```dockerfile"
    return f"Beside it, `{name}`:\n\n```{PurePosixPath(name).suffix.removeprefix('.')}"


def _show(text: str) -> None:
    if not is_terminal():
        click.echo(text, nl=False)
        return
    # the only place that is worth rich's start-up
    from rich.console import Console
    from rich.markdown import Markdown

    Console().print(Markdown(text))
