"""DL3008, DL3018 and DL3041: system packages without a version."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dockerlint.lint import nodes
from dockerlint.lint.findings import Finding, Severity
from dockerlint.lint.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.facts import Facts
    from dockerlint.lint.nodes import Dockerfile, Run, Word
    from dockerlint.lint.tools import Invocation

MOST_NAMED = 3
VARIABLE = re.compile(r"\$\{?(\w+)\}?")


@rule("DL3008", name="unpinned-apt-package", severity=Severity.WARNING, recommended=False)
def unpinned_apt_package(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A Debian or Ubuntu package is installed without a version.

    The next build may get another version. Pinning has its price: distributions drop old versions from their mirrors, and
    the build then fails. That is why the rule is not among the recommended.

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y --no-install-recommends curl git=1:2.39.5-0+deb12u2
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y --no-install-recommends curl=7.88.* git=1:2.39.5-0+deb12u2
    ```

    **Source:** hadolint DL3008.
    """
    del doc
    yield from _check("DL3008", "apt", facts)


@rule("DL3018", name="unpinned-apk-package", severity=Severity.WARNING, recommended=False)
def unpinned_apk_package(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """An Alpine package is installed without a version.

    The next build may get another version. Alpine keeps no old versions of a package, so that a pin to one release breaks
    when the next one comes: `~` pins what matters and leaves the rest.

    ```dockerfile bad
    FROM alpine:3.20
    RUN apk add --no-cache curl
    ```

    ```dockerfile good
    FROM alpine:3.20
    RUN apk add --no-cache curl~8.9
    ```

    **Source:** hadolint DL3018; apk-world(5).
    """
    del doc
    yield from _check("DL3018", "apk", facts)


@rule("DL3041", name="unpinned-dnf-package", severity=Severity.WARNING, recommended=False)
def unpinned_dnf_package(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A Fedora or Red Hat package is installed without a version.

    The next build may get another version. A package is pinned as `name-version`, a module as `name:stream`.

    ```dockerfile bad
    FROM fedora:40
    RUN dnf install -y httpd && dnf clean all
    ```

    ```dockerfile good
    FROM fedora:40
    ARG VERSION=2.4.62
    RUN dnf install -y httpd-${VERSION} && dnf module install -y nodejs:20 && dnf clean all
    ```

    **Source:** hadolint DL3041.
    """
    del doc
    yield from _check("DL3041", "dnf", facts, files=True)


def _check(code: str, tool: str, facts: Facts, *, files: bool = False) -> Iterator[Finding]:
    """One finding for each RUN that installs packages of a tool without a version.

    `files` says that hadolint 2.15.1 takes the tool's files, URLs and groups for packages (measured).
    """
    for run in facts.every(nodes.Run):
        found = [
            word
            for item in facts.invocations(run)
            if item.tool.name == tool and _names_packages(item, facts)
            for word in _packages(item, files=files and facts.as_hadolint)
            if not _is_pinned(word, item, run, facts)
        ]
        if found:
            names = ", ".join(word.text for word in found[:MOST_NAMED])
            more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
            yield Finding(code, found[0].span, f"no version for {names}{more}")


def _names_packages(item: Invocation, facts: Facts) -> bool:
    if item.action != "install" or item.subcommand in item.tool.action("install").unversioned:
        return False
    # hadolint knows each tool by its oldest name and one subcommand
    return not facts.as_hadolint or (
        item.words[0].text in ("apt-get", "apk", "dnf", "microdnf")
        and item.subcommand in ("install", "add", "module install")
    )


def _packages(item: Invocation, *, files: bool) -> Iterator[Word]:
    """The words that name packages, or stand for such by a variable; with `files` also those that name files."""
    pattern = item.tool.not_packages
    for word in item.operands:
        if files or word.text.startswith("$") or not pattern or not pattern.match(word.text):
            yield word


def _is_pinned(word: Word, item: Invocation, run: Run, facts: Facts) -> bool:
    """Whether a package has a version, or may have: one that the build puts in by a variable counts as such."""
    pin, other = item.tool.pin, item.tool.not_packages
    if pin is None or pin.match(word.text):
        return True
    if "$" not in word.text:
        return False
    if facts.as_hadolint:
        return bool(pin.match(_with_any_values(word.text, run, facts)))
    known = facts.expand(word.text, run)
    return known is None or all(pin.match(name) or (other and other.match(name)) for name in known.split())


def _with_any_values(text: str, run: Run, facts: Facts) -> str:
    """A word as hadolint judges it: a variable that the file declares above is a version, whatever its value."""
    args = [pair for node in facts.every(nodes.Arg) for pair in node.pairs]
    envs = [pair for node in facts.every(nodes.Env) for pair in node.pairs]
    names = {pair.key.text for pair in args + envs if pair.span.start < run.span.start}
    return VARIABLE.sub(lambda match: "1" if match[1] in names else match[0], text)
