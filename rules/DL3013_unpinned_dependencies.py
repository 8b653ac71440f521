"""DL3013, DL3016, DL3028 and DL3062: packages of a language without a version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.instructions.pin_versions import pin
from dockerlint.lint.analysis.unpinned_packages import named, unpinned_by
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile


@rule("DL3013", name="unpinned-pip-package", severity=Severity.WARNING, recommended=False, needs=("pip",))
def unpinned_pip_package(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A Python package is installed without a version.

    The next build may get another version, and others of what it depends on. What a requirements file names is the
    file's business; a repository needs a tag or commit.

    ```dockerfile bad
    FROM python:3.12-slim
    RUN pip install --no-cache-dir flask
    ```

    ```dockerfile bad
    FROM python:3.12
    RUN pip install --no-cache-dir git+https://example.org/team/tool.git
    ```

    ```dockerfile good
    FROM python:3.12-slim
    COPY constraints.txt .
    RUN pip install --no-cache-dir flask==3.0.3 && pip install --no-cache-dir -c constraints.txt gunicorn
    ```

    **Source:** hadolint DL3013; pip's documentation, requirement specifiers.
    """
    del doc
    yield from _check("DL3013", {"pip", "pipx"}, facts)


@rule("DL3016", name="unpinned-npm-package", severity=Severity.WARNING, recommended=False, needs=("npm",))
def unpinned_npm_package(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A package of npm is installed without a version.

    The next build may get another version. What package.json names is that file's business; a repository needs a tag or
    commit, and `@latest` is no version.

    ```dockerfile bad
    FROM node:22-slim
    RUN npm install --global serve
    ```

    ```dockerfile good
    FROM node:22-slim
    RUN npm install --global serve@14.2.3
    ```

    **Source:** hadolint DL3016; npm's documentation, package specifiers.
    """
    del doc
    yield from _check("DL3016", {"npm"}, facts)


@rule("DL3028", name="unpinned-gem", severity=Severity.WARNING, recommended=False, needs=("gem",))
def unpinned_gem(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A gem is installed without a version.

    The next build may get another version.

    ```dockerfile bad
    FROM ruby:3.3-slim
    RUN gem install rake
    ```

    ```dockerfile good
    FROM ruby:3.3-slim
    RUN gem install rake:13.2.1 && gem install bundler --version 2.5.11
    ```

    **Source:** hadolint DL3028; RubyGems' command reference.
    """
    del doc
    yield from _check("DL3028", {"gem"}, facts)


@rule("DL3062", name="unpinned-go-module", severity=Severity.WARNING, recommended=False, needs=("go",))
def unpinned_go_module(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A Go program or module is fetched without a version.

    The next build may get another version; `@latest` and the names of branches are no versions.

    ```dockerfile bad
    FROM golang:1.22
    RUN go install example.org/team/tool/cmd/tool@latest
    ```

    ```dockerfile good
    FROM golang:1.22
    RUN go install example.org/team/tool/cmd/tool@v1.4.0
    ```

    **Source:** hadolint DL3062; the Go Modules Reference, version queries.
    """
    del doc
    yield from _check("DL3062", {"go"}, facts)


def _check(code: str, tools: set[str], facts: Facts) -> Iterator[Finding]:
    for run in facts.every(nodes.Run):
        if found := unpinned_by(facts, run, frozenset(tools)):
            words = [word for word, _ in found]
            yield Finding(code, words[0].span, f"no version for {named(words)}", pin(facts, run, found))
