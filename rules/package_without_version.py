"""DL3008 and its kin: packages of a distribution or a language that are installed without a version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.instructions.pin_versions import pin
from dockerlint.lint.analysis.unpinned_packages import named, unpinned_by
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import Member, family
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts

PAGE = """{summary}

The next build may get another version{why}

```dockerfile bad
{bad}
```

```dockerfile good
{good}
```

**Source:** hadolint {source}.
"""


def unpinned(facts: Facts, tools: frozenset[str]) -> Iterator[Finding]:
    """A finding for each RUN that installs packages with one of the tools and without a version."""
    for run in facts.every(nodes.Run):
        if found := unpinned_by(facts, run, tools):
            words = [word for word, _ in found]
            yield Finding(words[0].span, f"{named(words)}: no version pinned", pin(facts, run, found))


def _member(code: str, name: str, *tools: str, **words: str) -> Member:
    words["source"] = f"{code}{words.get('source', '')}"
    return Member(code, name, {"tools": frozenset(tools)}, words, needs=(tools[0],))


UNPINNED = family(
    unpinned,
    PAGE,
    severity=Severity.WARNING,
    recommended=False,
    members=(
        _member(
            *("DL3008", "unpinned-apt-package", "apt"),
            summary="A Debian or Ubuntu package is installed without a version.",
            why=""". Pinning has its price: distributions drop old versions from their mirrors, and
the build then fails. That is why the rule is not among the recommended.""",
            bad="""FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends curl git=1:2.39.5-0+deb12u2""",
            good="""FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends curl=7.88.* git=1:2.39.5-0+deb12u2""",
        ),
        _member(
            *("DL3013", "unpinned-pip-package", "pip", "pipx"),
            summary="A Python package is installed without a version.",
            why=""", and others of what it depends on. What a requirements file names is the
file's business; a repository needs a tag or commit.""",
            bad="""FROM python:3.12-slim
RUN pip install --no-cache-dir flask
```

```dockerfile bad
FROM python:3.12
RUN pip install --no-cache-dir git+https://example.org/team/tool.git""",
            good="""FROM python:3.12-slim
COPY constraints.txt .
RUN pip install --no-cache-dir flask==3.0.3 && pip install --no-cache-dir -c constraints.txt gunicorn""",
            source="; pip's documentation, requirement specifiers",
        ),
        _member(
            *("DL3016", "unpinned-npm-package", "npm"),
            summary="A package of npm is installed without a version.",
            why=""". What package.json names is that file's business; a repository needs a tag or
commit, and `@latest` is no version.""",
            bad="""FROM node:22-slim
RUN npm install --global serve""",
            good="""FROM node:22-slim
RUN npm install --global serve@14.2.3""",
            source="; npm's documentation, package specifiers",
        ),
        _member(
            *("DL3018", "unpinned-apk-package", "apk"),
            summary="An Alpine package is installed without a version.",
            why=""". Alpine keeps no old versions of a package, so that a pin to one release breaks
when the next one comes: `~` pins what matters and leaves the rest.""",
            bad="""FROM alpine:3.20
RUN apk add --no-cache curl""",
            good="""FROM alpine:3.20
RUN apk add --no-cache curl~8.9""",
            source="; apk-world(5)",
        ),
        _member(
            *("DL3028", "unpinned-gem", "gem"),
            summary="A gem is installed without a version.",
            why=".",
            bad="""FROM ruby:3.3-slim
RUN gem install rake""",
            good="""FROM ruby:3.3-slim
RUN gem install rake:13.2.1 && gem install bundler --version 2.5.11""",
            source="; RubyGems' command reference",
        ),
        _member(
            *("DL3033", "unpinned-yum-package", "yum"),
            summary="A package of yum is installed without a version.",
            why=". A package is pinned as `name-version`, a module as `name:stream`.",
            bad="""FROM centos:7
RUN yum install -y httpd && yum clean all""",
            good="""FROM centos:7
RUN yum install -y httpd-2.4.6 && yum clean all""",
            source="; yum(8)",
        ),
        _member(
            *("DL3037", "unpinned-zypper-package", "zypper"),
            summary="A package of openSUSE or SUSE is installed without a version.",
            why=". A package is pinned as `name=version`, or held in bounds by `name>=version`.",
            bad="""FROM opensuse/leap:15.6
RUN zypper --non-interactive install apache2 && zypper clean --all""",
            good="""FROM opensuse/leap:15.6
RUN zypper --non-interactive install 'apache2>=2.4.58' && zypper clean --all""",
            source="; zypper(8)",
        ),
        _member(
            *("DL3041", "unpinned-dnf-package", "dnf"),
            summary="A Fedora or Red Hat package is installed without a version.",
            why=". A package is pinned as `name-version`, a module as `name:stream`.",
            bad="""FROM fedora:40
RUN dnf install -y httpd && dnf clean all""",
            good="""FROM fedora:40
ARG VERSION=2.4.62
RUN dnf install -y httpd-${VERSION} && dnf module install -y nodejs:20 && dnf clean all""",
        ),
        _member(
            *("DL3062", "unpinned-go-module", "go"),
            summary="A Go program or module is fetched without a version.",
            why="; `@latest` and the names of branches are no versions.",
            bad="""FROM golang:1.22
RUN go install example.org/team/tool/cmd/tool@latest""",
            good="""FROM golang:1.22
RUN go install example.org/team/tool/cmd/tool@v1.4.0""",
            source="; the Go Modules Reference, version queries",
        ),
    ),
)
