"""DF206: what ships has the dependencies of its development."""

from __future__ import annotations

import posixpath
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from dockerlint.fixers.edits import insert
from dockerlint.fixers.manifests import brought
from dockerlint.lint import nodes
from dockerlint.lint.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.facts import Facts
    from dockerlint.lint.findings import Edit
    from dockerlint.lint.nodes import Copy, Dockerfile, Run, Stage
    from dockerlint.lint.tools import Invocation, Production

# Words of a command, a stage or a variable that say: this image is for developing or testing.
DEVELOPMENT = re.compile(
    r"(?<![a-z])(?:dev|develop|development|test|tests|testing|ci|lint|watch|nodemon|pytest|debug|devcontainer)(?![a-z])"
)

# `bundle config set without ...`, in whatever step.
CONFIGURED = re.compile(r"config\b[^\n&;|]{0,80}\bwithout\b|\bset production true")
# Programs that come with the development's dependencies.
BUILDERS = frozenset({"npx", "tsc", "webpack", "vite", "ng", "make", "pnpx", "bunx", "gulp", "grunt", "pytest", "tox"})


@rule("DF206", name="dev-dependencies-in-final-image", severity=Severity.INFO)
def dev_dependencies_in_final_image(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """The image that ships installs the dependencies of its development: test runners, linters, bundlers.

    They are often the larger half, are never called, and have weaknesses of their own. Stages that build something need them,
    and so do images whose name, command or variables say that they are for developing.

    ```context package.json
    {"dependencies": {"express": "4.19.2"}, "devDependencies": {"eslint": "9.0.0"}}
    ```

    ```dockerfile bad
    FROM node:22-slim
    WORKDIR /app
    COPY package.json package-lock.json ./
    RUN npm ci
    COPY server.js .
    CMD ["node", "server.js"]
    ```

    ```dockerfile fixed
    FROM node:22-slim
    WORKDIR /app
    COPY package.json package-lock.json ./
    RUN npm ci --omit=dev
    COPY server.js .
    CMD ["node", "server.js"]
    ```

    ```dockerfile good
    FROM node:22-slim
    WORKDIR /app
    ENV NODE_ENV=production
    COPY package.json package-lock.json ./
    RUN npm ci
    CMD ["node", "server.js"]
    ```

    **Fix safety:** always unsafe: something may use one of them after all.

    **Source:** the tools' documentation on development dependencies.
    """
    target = facts.graph.target
    if target is None:
        return
    line = facts.graph.lineage(target)
    # an image without a command is one to build on, or to work in
    if not any(isinstance(node, nodes.CommandInstruction) for stage in line for node in stage.instructions):
        return
    if any(_is_for_development(facts, stage) or _builds(facts, stage) for stage in line) or CONFIGURED.search(doc.text):
        return
    for stage in line:
        copies: list[Copy] = []
        for node in stage.instructions:
            if isinstance(node, nodes.Copy):
                copies.append(node)
            if isinstance(node, nodes.Run):
                for invocation in facts.invocations(node):
                    yield from _check(facts, node, invocation, copies)


def _is_for_development(facts: Facts, stage: Stage) -> bool:
    if stage.name and DEVELOPMENT.search(stage.name):
        return True
    if any(
        isinstance(node, nodes.CommandInstruction) and DEVELOPMENT.search(facts.doc.source(node.span))
        for node in stage.instructions
    ):
        return True
    env = facts.final(stage).env
    return any(
        DEVELOPMENT.search((env.get(name) or "").lower()) for name in ("NODE_ENV", "APP_ENV", "RAILS_ENV", "RACK_ENV")
    )


def _builds(facts: Facts, stage: Stage) -> bool:
    """Whether a stage may need what is for developing: it builds, tests, or calls a program of the project's."""
    for run in stage.all(nodes.Run):
        for invocation in facts.invocations(run):
            production = invocation.tool.production
            if production is None:
                continue
            if invocation.action == "build" or invocation.subcommand in production.prune:
                return True
            # `npm run x`, `yarn x`, `bundle exec x`, `poetry run x`
            if not invocation.action and invocation.subcommand not in (
                "config",
                "set",
                "cache",
                "--version",
                "-v",
                "global",
            ):
                return True
        if any(command.name.rsplit("/", 1)[-1] in BUILDERS for command in facts.commands(run)):
            return True
    return False


def _check(facts: Facts, run: Run, invocation: Invocation, copies: list[Copy]) -> Iterator[Finding]:
    production = invocation.tool.production
    if production is None or invocation.action != "install" or invocation.is_global:
        return
    name = f"{invocation.words[0].text} {invocation.subcommand}".strip()
    for word in (word for option in invocation.tool.manifest_flags for word in invocation.options(option)):
        if any(
            fnmatchcase(word.text, pattern) or fnmatchcase(posixpath.basename(word.text), pattern)
            for pattern in production.files
        ):
            yield Finding(
                "DF206", word.span, f"`{name}` installs {word.text}, which an image that ships has no use for"
            )
    asked = _asked(invocation, production)
    if not asked and not _leaves_them_in(facts, run, invocation, production, copies):
        return
    edits: tuple[Edit, ...] = ()
    if production.fix and not asked and isinstance(run.form, nodes.Shell):
        last = invocation.subcommand_words[-1] if invocation.subcommand_words else invocation.words[0]
        edits = (insert(last.span.end, f" {production.fix}"),)
    fix = Fix("leave them out", edits, Applicability.UNSAFE) if edits else None
    yield Finding(
        "DF206",
        invocation.command.span,
        f"`{name}` installs the development's dependencies too, and the image ships them",
        fix,
    )


def _asked(invocation: Invocation, production: Production) -> bool:
    """Whether an option asks for them."""
    for option in production.wanted:
        flag, _, value = option.partition("=")
        if not value and invocation.has((flag,)):
            return True
        if value and value in (invocation.option(flag) or "").split(","):
            return True
    return False


def _leaves_them_in(facts: Facts, run: Run, invocation: Invocation, production: Production, copies: list[Copy]) -> bool:
    """Whether a plain install installs them, and the project has any."""
    if invocation.subcommand not in production.subcommands or invocation.has(production.given) or invocation.operands:
        return False
    if any(_is_set(facts, run, setting) for setting in production.variables):
        return False
    return _has_any(facts, run, production, copies)


def _is_set(facts: Facts, run: Run, setting: str) -> bool:
    name, _, wanted = setting.partition("=")
    env = facts.state(run).env
    if name in env:
        value = env[name]
        return value is None or (bool(value) if not wanted else value == wanted)
    return f"{name}=" in facts.doc.source(run.span)


def _has_any(facts: Facts, run: Run, production: Production, copies: list[Copy]) -> bool:
    """Whether the project's manifest names any; without a context it is taken to do so, when all rules are asked for."""
    if production.manifest is None or production.pattern is None:
        return False
    if facts.context is None:
        return not facts.quiet
    path = facts.path(production.manifest, run)
    source = next(
        (found for copy in reversed(copies) if copy.from_ is None and path and (found := brought(facts, copy, path))),
        None,
    )
    text = facts.context.read(source) if source else None
    return text is not None and bool(production.pattern.search(text))
