"""DF101: COPY brings the source before the dependencies are installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.effects.footprint import overlap
from dockerlint.fixers.effects.precedence import destination
from dockerlint.fixers.inputs.install_inputs import is_folder
from dockerlint.fixers.inputs.project_install import brings, is_broad, project_installs
from dockerlint.fixers.inputs.reads.local_project import own
from dockerlint.fixers.refusal import answered
from dockerlint.lint.context.dockerignore import clean_path
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.fixers.inputs.project_install import ProjectInstall
    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile
    from dockerlint.lint.syntax.span import Span


@rule(name="source-copied-before-install", severity=Severity.WARNING)
def source_copied_before_install(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """COPY brings the source before the dependencies are installed.

    The install runs again whenever any copied file changes, although it reads no more than the manifest and the lock file. If
    these are copied first, the install stays in the cache until a dependency changes.

    ```context package.json
    {"dependencies": {"express": "4.19.2"}}
    ```

    ```context package-lock.json
    {"lockfileVersion": 3}
    ```

    ```context index.js
    require("express")
    ```

    ```dockerfile bad
    FROM node:22-slim
    WORKDIR /app
    COPY . .
    RUN npm ci
    CMD ["node", "index.js"]
    ```

    ```dockerfile fixed
    FROM node:22-slim
    WORKDIR /app
    COPY package.json package-lock.json ./
    RUN npm ci
    COPY . .
    CMD ["node", "index.js"]
    ```

    ```dockerfile good
    FROM node:22-slim
    WORKDIR /app
    COPY package.json package-lock.json ./
    RUN npm ci
    COPY . .
    CMD ["node", "index.js"]
    ```

    Members of workspaces, packages by path, patches and included files are copied with the manifests that name them. An
    install that takes the project itself as well (uv, Poetry, PDM, Composer) is done twice, the first time without it:

    ```context pyproject.toml
    [project]
    name = "a"
    version = "1"
    dependencies = ["flask"]

    [build-system]
    requires = ["hatchling"]
    ```

    ```context uv.lock
    version = 1
    ```

    ```dockerfile bad
    FROM python:3.12-slim
    WORKDIR /app
    COPY . .
    RUN uv sync --locked
    ```

    ```dockerfile fixed
    FROM python:3.12-slim
    WORKDIR /app
    COPY pyproject.toml uv.lock ./
    RUN uv sync --no-install-project --locked
    COPY . .
    RUN uv sync --locked
    ```

    Steps between the copy and the install that work on the source go down with the copy; the others stay where they are, further
    installs from the same copy with their manifests. COPY and RUN share the folder that they start in, whatever it is.

    **Fix safety:** safe when the build context shows all manifests, they refer to no other file of the source (no scripts, no
    programs), the copy does not overwrite what the install writes, and nothing else moves. Otherwise unsafe, for example where
    a RUN is rewritten or split; and only shown when there is no context. The title says why. There is no fix where the install
    cannot work without the source, or where a step in between may need both; the message says so.

    **Source:** Docker's guide on build caches; BuildKit's cache keys; the tools' documentation, see `lint/catalogue/tools`.
    """
    for stage in doc.stages:
        knowing = facts
        found = list(project_installs(knowing, stage))
        if not found and facts.final(stage).workdir is None:
            # wherever the base image starts, COPY and RUN start there both
            knowing = facts.in_some_folder
            found = list(project_installs(knowing, stage))
        said: set[tuple[Span | None, Span, str]] = set()
        for install in found:
            copies = _sources(knowing, install, found)
            # one that the same step has for the same copy says no more
            key = copies[0].span if copies else None, install.run.span, install.invocation.tool.name
            if copies and key not in said:
                said.add(key)
                yield _finding(knowing, copies, install, found)


def _finding(facts: Facts, copies: list[nodes.Copy], install: ProjectInstall, others: list[ProjectInstall]) -> Finding:
    # most files have nothing to split
    from dockerlint.fixers.order.split_copy import split_copy

    line = facts.doc.line(install.command.span.start)
    what = f"`{install.name}`" if install.through is None else f"`{install.name}` of `{facts.doc.source(install.command.whole)}`"
    message = f"`{facts.brief(copies[0])}` comes before {what} (line {line}): every source edit reinstalls all dependencies"
    fix = split_copy(facts, copies, install, others)
    if isinstance(fix, Fix) and fix.applicability is Applicability.SAFE and facts.has_made_up_folder:
        title = f"{fix.title} (not proven: dlint does not know the base image's working folder)"
        fix = Fix(title, fix.edits, Applicability.UNSAFE)
    return answered(copies[0].span, message, fix)


def _sources(facts: Facts, install: ProjectInstall, others: list[ProjectInstall]) -> list[nodes.Copy]:
    """The COPYs that bring source to where an install works, in file order, and make it run again."""
    unknown = not install.reads.known and (install.invocation.action == "build" or own(install.invocation))
    if unknown:
        return []
    if facts.context is None:
        return [install.copy] if is_broad(facts, install.copy, install) else []
    # what the same install above has fetched is there
    first = next(item for item in others if item is install or _same(item, install))
    stage = facts.stage_of(install.run)
    above = [node for node in stage.all(nodes.Copy) if node.span.end <= first.run.span.start and node.from_ is None]
    return [node for node in above if _is_source(facts, node, install)]


def _same(one: ProjectInstall, other: ProjectInstall) -> bool:
    same_tool = one.invocation.tool is other.invocation.tool and one.place == other.place
    return same_tool and (one.reads.files == other.reads.files or other.reads.first is not None)


def _is_source(facts: Facts, copy: nodes.Copy, install: ProjectInstall) -> bool:
    """Whether a COPY brings more than manifests, and cannot go below the install as it is."""
    if not is_broad(facts, copy, install):
        return False
    if copy is install.copy or brings(facts, copy, install):
        return True
    # what an install may read besides is not source
    alone = install.invocation.action == "build" or (install.reads.known and install.reads.why is None)
    return alone and _brings_folder(facts, copy) and (target := destination(facts, copy)) is not None and overlap(target, install.place)


def _brings_folder(facts: Facts, copy: nodes.Copy) -> bool:
    context = facts.context
    return context is not None and any(is_folder(context, word.text, clean_path(word.text)) for word in copy.paths)
