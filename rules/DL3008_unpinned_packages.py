"""DL3008, DL3018, DL3033, DL3037 and DL3041: system packages without a version."""

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


@rule("DL3008", name="unpinned-apt-package", severity=Severity.WARNING, recommended=False, needs=("apt",))
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
    yield from _check("DL3008", {"apt"}, facts)


@rule("DL3018", name="unpinned-apk-package", severity=Severity.WARNING, recommended=False, needs=("apk",))
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
    yield from _check("DL3018", {"apk"}, facts)


@rule("DL3033", name="unpinned-yum-package", severity=Severity.WARNING, recommended=False, needs=("yum",))
def unpinned_yum_package(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A package of yum is installed without a version.

    The next build may get another version. A package is pinned as `name-version`, a module as `name:stream`.

    ```dockerfile bad
    FROM centos:7
    RUN yum install -y httpd && yum clean all
    ```

    ```dockerfile good
    FROM centos:7
    RUN yum install -y httpd-2.4.6 && yum clean all
    ```

    **Source:** hadolint DL3033; yum(8).
    """
    del doc
    yield from _check("DL3033", {"yum"}, facts)


@rule("DL3037", name="unpinned-zypper-package", severity=Severity.WARNING, recommended=False, needs=("zypper",))
def unpinned_zypper_package(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A package of openSUSE or SUSE is installed without a version.

    The next build may get another version. A package is pinned as `name=version`, or held in bounds by `name>=version`.

    ```dockerfile bad
    FROM opensuse/leap:15.6
    RUN zypper --non-interactive install apache2 && zypper clean --all
    ```

    ```dockerfile good
    FROM opensuse/leap:15.6
    RUN zypper --non-interactive install 'apache2>=2.4.58' && zypper clean --all
    ```

    **Source:** hadolint DL3037; zypper(8).
    """
    del doc
    yield from _check("DL3037", {"zypper"}, facts)


@rule("DL3041", name="unpinned-dnf-package", severity=Severity.WARNING, recommended=False, needs=("dnf",))
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
    yield from _check("DL3041", {"dnf"}, facts)


def _check(code: str, tools: set[str], facts: Facts) -> Iterator[Finding]:
    for run in facts.every(nodes.Run):
        if found := unpinned_by(facts, run, frozenset(tools)):
            words = [word for word, _ in found]
            yield Finding(code, words[0].span, f"no version for {named(words)}", pin(facts, run, found))
