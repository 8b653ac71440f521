"""DL3035: zypper upgrades the whole distribution: every build differs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts

UPGRADES = frozenset({"dist-upgrade", "dup"})


@rule(name="distribution-upgrade", severity=Severity.WARNING, recommended=False, needs=("zypper",))
def distribution_upgrade(facts: Facts) -> Iterator[Finding]:
    """zypper upgrades the whole distribution: every build differs.

    Each build gets other versions of everything, all of it in a second copy on top of the base image. A newer base image
    does the same without the copy.

    ```dockerfile bad
    FROM opensuse/tumbleweed
    RUN zypper --non-interactive dist-upgrade && zypper clean --all
    ```

    ```dockerfile good
    FROM opensuse/tumbleweed
    RUN zypper --non-interactive install curl && zypper clean --all
    ```

    **Source:** hadolint DL3035; zypper(8).
    """
    for run in facts.every(nodes.Run):
        for item in facts.invocations(run):
            if item.tool.name == "zypper" and item.subcommand in UPGRADES:
                message = f"`{item.name}` upgrades the whole distribution: every build differs"
                yield Finding(item.command.span, message)
                break
