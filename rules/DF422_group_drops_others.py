"""DF422: USER names a group, so the process loses the other groups of its user."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.analysis.program_calls import calls
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts


@rule(name="user-with-group", severity=Severity.INFO, needs=("user",))
def user_with_group(facts: Facts) -> Iterator[Finding]:
    """USER names a group, so the process loses the other groups of its user.

    With a user alone, the engine gives the process all groups that /etc/group lists for it; with `user:group` it gets that one
    only, and files shared by the others are out of reach.

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN useradd --groups audio,video app
    USER app:app
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    RUN useradd --groups audio,video app
    USER app
    ```

    **Source:** the Dockerfile reference, USER.
    """
    for node in facts.every(nodes.User):
        user, colon, group = node.argument.text.partition(":")
        if not colon or not group or user.isdecimal() or not _has_more_groups(facts, node, user):
            continue
        yield Finding(
            node.argument.span, f"`USER {user}:{group}` drops {user}'s other groups: use `USER {user}`"
        )


def _has_more_groups(facts: Facts, node: nodes.User, user: str) -> bool:
    """Whether the file itself puts the user into further groups."""
    for run in (item for item in facts.before(node) if isinstance(item, nodes.Run)):
        for call in calls(facts, run, "useradd", "usermod"):
            if user in call.texts and call.value("--groups", "G"):
                return True
        for call in calls(facts, run, "addgroup", "adduser", "gpasswd"):
            if (
                user in call.texts
                and len([text for text in call.texts if not text.startswith("-")]) > 1
                and call.name != "adduser"
            ):
                return True
    return False
