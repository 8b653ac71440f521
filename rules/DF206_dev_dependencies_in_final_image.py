"""DF206: the final image ships development dependencies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.image.dev_dependencies import is_development, leave_out, not_asked, other_file, prune, source
from dockerlint.fixers.refusal import Refusal, answered
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.tool import Invocation, Production
    from dockerlint.lint.syntax.nodes import Dockerfile, Run, Stage

NO_OTHER = Refusal("no other file says what the image needs: install one that does")
NEEDED = Refusal("the container may start one of them, or this version of the tool has no option to leave them out")
# Words of a command, a stage or a variable that say: this image is for developing or testing.
DEVELOPMENT = regex(
    r"(?<![a-z])(?:dev|develop|development|test|tests|testing|ci|lint|watch|nodemon|pytest|debug|devcontainer)(?![a-z])"
)

# `bundle config set without ...`, in whatever step.
CONFIGURED = regex(r"config\b[^\n&;|]{0,80}\bwithout\b|\bset production true")
# One of these is in what that matches.
CONFIGURING = ("without", "set production true")
# Subcommands that need nothing that is installed.
SILENT = ("config", "set", "cache", "--version", "-v", "global")
# Programs that come with the development's dependencies.
BUILDERS = frozenset({"npx", "tsc", "webpack", "vite", "ng", "make", "pnpx", "bunx", "gulp", "grunt", "pytest", "tox"})


@rule(name="dev-dependencies-in-final-image", severity=Severity.INFO)
def dev_dependencies_in_final_image(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """The final image ships development dependencies.

    They are often the larger half, never run, and have vulnerabilities of their own. Stages that build something need them, and
    so do images whose name, command or variables say that they are for developing.

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

    A RUN that installs them and builds with them can take them away again before its layer is written:

    ```context package.json
    {"dependencies": {"express": "4.19.2"}, "devDependencies": {"typescript": "5.4.5"}, "scripts": {"build": "tsc"}}
    ```

    ```dockerfile bad
    FROM node:22-slim
    WORKDIR /app
    COPY . .
    RUN npm ci && npm run build
    CMD ["node", "dist/server.js"]
    ```

    ```dockerfile fixed
    FROM node:22-slim
    WORKDIR /app
    COPY . .
    RUN npm ci && npm run build && npm prune --omit=dev
    CMD ["node", "dist/server.js"]
    ```

    **Fix safety:** always unsafe: something may use one of them after all. There is no fix where the container starts a program of
    theirs, nor where the tool's version has no such option.

    **Source:** the tools' documentation on development dependencies.
    """
    target = facts.graph.target
    if target is None:
        return
    line = facts.graph.lineage(target)
    # an image without a command is one to build on, or to work in
    if not any(isinstance(node, nodes.CommandInstruction) for stage in line for node in stage.instructions):
        return
    if any(_is_for_development(facts, stage) for stage in line) or _is_configured(doc.text):
        return
    runs = [run for stage in line for run in stage.all(nodes.Run)]
    builders = [run for run in runs if _builds(facts, run)]
    if len(builders) == 1 and not any(_prunes(facts, run) for run in runs):
        yield from _after_build(facts, builders)
    if builders:
        return
    for run in runs:
        for invocation in facts.invocations(run):
            yield from _check(facts, run, invocation)


def _is_configured(text: str) -> bool:
    """Whether a file tells a package manager by its configuration to leave them out."""
    return any(word in text for word in CONFIGURING) and CONFIGURED.search(text) is not None


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


def _builds(facts: Facts, run: Run) -> bool:
    """Whether a RUN may need what is for developing: it builds, tests, or calls a program of the project's."""
    for invocation in facts.invocations(run):
        production = invocation.tool.production
        if production is None:
            continue
        if invocation.action == "build" or invocation.subcommand in production.prune:
            return True
        # `npm run x`, `yarn x`, `bundle exec x`, `poetry run x`
        if not invocation.action and invocation.subcommand not in SILENT:
            return True
    return any(command.name.rsplit("/", 1)[-1] in BUILDERS for command in facts.commands(run))


def _prunes(facts: Facts, run: Run) -> bool:
    items = facts.invocations(run)
    return any(item.tool.production and item.subcommand in item.tool.production.prune for item in items)


def _check(facts: Facts, run: Run, invocation: Invocation) -> Iterator[Finding]:
    production = invocation.tool.production
    if production is None or invocation.action != "install" or invocation.is_global:
        return
    name = invocation.name
    for word in (word for option in invocation.tool.manifest_flags for word in invocation.options(option)):
        if is_development(word.text, production):
            message = f"`{name}` installs {word.text}, which only development needs"
            yield answered(word.span, message, other_file(facts, run, invocation, word, production) or NO_OTHER)
    message = f"`{name}` also installs development dependencies, and the image ships them"
    if _asked(invocation, production):
        yield answered(invocation.command.span, message, not_asked(facts, run, invocation, production) or NEEDED)
    elif _leaves_them_in(facts, run, invocation, production):
        yield answered(invocation.command.span, message, leave_out(facts, run, invocation, production) or NEEDED)


def _after_build(facts: Facts, builders: list[Run]) -> Iterator[Finding]:
    """What one RUN installs, builds with and leaves behind."""
    (run,) = builders
    for invocation in facts.invocations(run):
        production = invocation.tool.production
        if production is None or invocation.action != "install" or invocation.is_global:
            continue
        if not _leaves_them_in(facts, run, invocation, production):
            continue
        fix = prune(facts, run, invocation, production)
        if fix:
            message = f"`{invocation.name}` installs development dependencies for the build, and the image ships them"
            yield Finding(invocation.command.span, message, fix)


def _asked(invocation: Invocation, production: Production) -> bool:
    """Whether an option asks for them."""
    for option in production.wanted:
        flag, _, value = option.partition("=")
        if not value and invocation.has((flag,)):
            return True
        if value and value in (invocation.option(flag) or "").split(","):
            return True
    return False


def _leaves_them_in(facts: Facts, run: Run, invocation: Invocation, production: Production) -> bool:
    """Whether a plain install installs them, and the project has any."""
    if invocation.subcommand not in production.subcommands or invocation.has(production.given) or invocation.operands:
        return False
    if any(_is_set(facts, run, setting) for setting in production.variables):
        return False
    return _has_any(facts, run, production)


def _is_set(facts: Facts, run: Run, setting: str) -> bool:
    name, _, wanted = setting.partition("=")
    env = facts.state(run).env
    if name in env:
        value = env[name]
        return value is None or (bool(value) if not wanted else value == wanted)
    return f"{name}=" in facts.doc.source(run.span)


def _has_any(facts: Facts, run: Run, production: Production) -> bool:
    """Whether the project's manifest names any; without a context it is taken to do so, when all rules are asked for."""
    if production.manifest is None or production.pattern is None:
        return False
    if facts.context is None:
        return not facts.quiet
    manifest = source(facts, run, production)
    text = facts.context.read(manifest) if manifest else None
    return text is not None and bool(production.pattern.search(text))
