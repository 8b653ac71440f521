"""DF419: a user is created, but the container still runs as root."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.analysis.program_calls import calls
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile

NAME = regex(r"[a-z_][a-z0-9_-]*")
# Names of users that are made for an application; those of services are put to use by the service itself.
MEANT = regex(
    r"(?:^|[_-])(?:app|web|api|non-?root|user|runner|worker|container|docker)(?:$|[_-])|^(?:my|app|web|non|un)\w*user\d*$"
)
CHANGES = regex(r"\b(?:gosu|su-exec|setpriv|runuser|sudo|supervisord?|setuidgid|s6-\w+|chpst)\b|\bsu\s+-")


@rule(name="user-never-used", severity=Severity.WARNING, needs=("useradd", "adduser"))
def user_never_used(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A user is created, but the container still runs as root.

    Somebody forgot the USER line, or lost it. A user that a start script, `su-exec` or `gosu`, or a service changes to is put
    to use.

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN useradd --system app
    COPY app /usr/local/bin/
    CMD ["app"]
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    RUN useradd --system app
    COPY app /usr/local/bin/
    USER app
    CMD ["app"]
    ```

    **Source:** the Dockerfile reference, USER; CIS Docker Benchmark 4.1.
    """
    target = facts.graph.target
    if target is None or facts.final(target).user not in ("root", "0"):
        return
    line = facts.graph.lineage(target)
    if any(any(stage.all(nodes.User)) for stage in line):
        return
    if not any(isinstance(node, nodes.Cmd) for stage in line for node in stage.instructions):
        return
    # a start script or a service may change to the user
    commands = (node for stage in line for node in stage.all(nodes.Cmd))
    if CHANGES.search(doc.text) or any(".sh" in doc.source(node.span) for node in commands):
        return
    if any(isinstance(node, nodes.Entrypoint) for stage in line for node in stage.instructions):
        return
    for stage in line:
        for run in stage.all(nodes.Run):
            for call in calls(facts, run, "useradd", "adduser"):
                name = _name(call.texts)
                if name and MEANT.search(name):
                    yield Finding(
                        call.command.span, f"user {name} is created but not used: there is no `USER {name}`"
                    )


def _name(texts: list[str]) -> str | None:
    """The user that is created: the last word that is a plain name."""
    names = [text for text in texts if NAME.fullmatch(text)]
    return names[-1] if names and texts and names[-1] == texts[-1] else None
