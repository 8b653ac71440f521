"""DF210: build packages are removed one by one instead of as a virtual package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts


@rule(name="packages-removed-by-name", severity=Severity.STYLE, recommended=False, needs=("apk",))
def packages_removed_by_name(facts: Facts) -> Iterator[Finding]:
    """Build packages are removed one by one instead of as a virtual package.

    The list is written twice, and dependencies may stay. `apk add --virtual` gives them one name, which removes all of them.

    ```dockerfile bad
    FROM alpine:3.20
    RUN apk add --no-cache gcc musl-dev && make -C /src install && apk del gcc musl-dev
    ```

    ```dockerfile good
    FROM alpine:3.20
    RUN apk add --no-cache --virtual .build gcc musl-dev && make -C /src install && apk del .build
    ```

    **Source:** apk's manual page, `--virtual`.
    """
    for run in facts.every(nodes.Run):
        added: set[str] = set()
        for invocation in facts.invocations(run):
            if invocation.tool.name != "apk":
                continue
            if invocation.action == "install" and not invocation.has(("-t", "--virtual")):
                added.update(word.text for word in invocation.packages)
            twice = [word for word in invocation.operands if invocation.action == "remove" and word.text in added]
            if len(twice) > 1:
                message = f"{twice[0].text} and {len(twice) - 1} more are removed one by one: install them with `apk add --virtual NAME` and remove NAME"
                yield Finding(twice[0].span, message)
