"""DL3064: ARG or ENV holds a credential."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.catalogue.secret_variables import is_harmless, named_secret, named_secret_by_hadolint, shape
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Pair


@rule(
    name="secret-in-variable",
    severity=Severity.WARNING,
    aliases=("SecretsUsedInArgOrEnv",),
    needs=("arg", "env"),
)
def secret_in_variable(facts: Facts) -> Iterator[Finding]:
    """ARG or ENV holds a credential.

    Both stay in the image's history, for everyone who can pull the image. A secret mount gives the value to the one step that
    needs it; what the container needs is given to it when it starts. Names that say something about a credential (`TOKEN_URL`,
    `KEY_FILE`) are left alone, and values that are none: nothing, a switch, a path, an address. Values that are a credential by
    their form are found under any name.

    ```dockerfile bad
    FROM node:22-slim
    ARG NPM_TOKEN
    RUN npm config set //registry.npmjs.org/:_authToken=$NPM_TOKEN && npm ci
    ```

    ```dockerfile bad
    FROM python:3.12-slim
    ENV DATABASE_URL=postgres://app:k9Tr2xQ@db.example.com/app
    ```

    ```dockerfile good
    FROM node:22-slim
    ENV TOKEN_URL=https://auth.example.com/token DB_PASSWORD=/run/secrets/db
    RUN --mount=type=secret,id=npm,env=NPM_TOKEN npm ci
    ```

    **Source:** hadolint DL3064; BuildKit's check SecretsUsedInArgOrEnv; the Dockerfile reference, ARG.
    """
    for node in facts.every(nodes.Instruction):
        if not isinstance(node, nodes.Arg | nodes.Env):
            continue
        # hadolint tells an instruction once, and of an ARG it reads the first variable
        pairs = node.pairs[:1] if facts.as_hadolint and isinstance(node, nodes.Arg) else node.pairs
        found = ((pair, why) for pair in pairs if (why := _why(facts, node, pair)))
        for pair, why in found:
            yield Finding(
                pair.span, f"`{node.name} {pair.key.text}` {why}, and it stays in the image: use a secret mount"
            )
            if facts.as_hadolint:
                break


def _why(facts: Facts, node: nodes.Arg | nodes.Env, pair: Pair) -> str | None:
    """What makes the variable a credential; None when nothing does."""
    name = pair.key.text
    if facts.as_hadolint:
        return "is a credential, going by its name" if named_secret_by_hadolint(name) else None
    value = facts.expand(pair.value.text, node) if pair.value else None
    if value is not None and (kind := shape(value)):
        return f"holds {kind}"
    if not named_secret(name) or (pair.value is None and isinstance(node, nodes.Env)):
        return None
    if value is None or (isinstance(node, nodes.Arg) and not value):
        return "is a credential, going by its name"
    return None if is_harmless(value) else "is a credential, going by its name"
