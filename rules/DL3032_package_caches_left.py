"""DL3032, DL3036 and DL3040: what yum, zypper and dnf fetch stays in the layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.cache.cleanup import FILLING, clean_up, cleaned, mounted
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.tool import Invocation
    from dockerlint.lint.syntax.nodes import Dockerfile, Run

# What hadolint 2.15.1 takes for an install (measured): the names of a tool, and what they are told to do.
HADOLINT = {
    "yum": ({"yum"}, {"install", "group install", "module install"}),
    "zypper": ({"zypper"}, {"install", "in"}),
    "dnf": (
        {"dnf", "microdnf"},
        {
            *("install", "in", "reinstall", "rei", "upgrade", "up", "up-min", "upgrade-minimal"),
            *("group install", "module install", "group upgrade"),
        },
    ),
}


@rule("DL3032", name="yum-cache-left", severity=Severity.WARNING, needs=("yum",))
def yum_cache_left(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """yum's metadata and packages stay in the layer.

    After an install there are often more than 100 MB in /var/cache/yum. A later layer cannot take them back. Stages that do
    not ship, and caches on a mount, are left alone.

    ```dockerfile bad
    FROM centos:7
    RUN yum install -y httpd
    ```

    ```dockerfile fixed
    FROM centos:7
    RUN yum install -y httpd && yum clean all
    ```

    ```dockerfile good
    FROM centos:7
    RUN yum install -y httpd && rm -rf /var/cache/yum
    ```

    **Fix safety:** safe: who needs the metadata later fetches it again.

    **Source:** hadolint DL3032; yum(8).
    """
    del doc
    yield from _check(facts, "DL3032", "yum")


@rule("DL3036", name="zypper-cache-left", severity=Severity.WARNING, needs=("zypper",))
def zypper_cache_left(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """zypper's metadata and packages stay in the layer.

    After an install there are often more than 50 MB in /var/cache/zypp. A later layer cannot take them back. Stages that do
    not ship, and caches on a mount, are left alone.

    ```dockerfile bad
    FROM opensuse/leap:15.6
    RUN zypper --non-interactive install httpd
    ```

    ```dockerfile fixed
    FROM opensuse/leap:15.6
    RUN zypper --non-interactive install httpd && zypper clean --all
    ```

    ```dockerfile good
    FROM opensuse/leap:15.6
    RUN --mount=type=cache,target=/var/cache/zypp,sharing=locked zypper --non-interactive install httpd
    ```

    **Fix safety:** safe: who needs the metadata later fetches it again.

    **Source:** hadolint DL3036; zypper(8).
    """
    del doc
    yield from _check(facts, "DL3036", "zypper")


@rule("DL3040", name="dnf-cache-left", severity=Severity.WARNING, needs=("dnf",))
def dnf_cache_left(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """dnf's metadata and packages stay in the layer.

    After an install there are often more than 100 MB in /var/cache. A later layer cannot take them back. Stages that do
    not ship, and caches on a mount, are left alone.

    ```dockerfile bad
    FROM fedora:40
    RUN dnf install -y httpd
    ```

    ```dockerfile fixed
    FROM fedora:40
    RUN dnf install -y httpd && dnf clean all
    ```

    ```dockerfile good
    FROM fedora:40
    RUN --mount=type=cache,target=/var/cache/libdnf5,sharing=locked dnf install -y httpd
    ```

    **Fix safety:** safe: who needs the metadata later fetches it again.

    **Source:** hadolint DL3040; dnf(8).
    """
    del doc
    yield from _check(facts, "DL3040", "dnf")


def _check(facts: Facts, code: str, tool: str) -> Iterator[Finding]:
    for run in facts.every(nodes.Run):
        filling = [item for item in facts.invocations(run) if item.tool.name == tool and _fills(item, facts)]
        left = [item for item in filling if not _cleaned_by_any(facts, run, item, filling)]
        if left and facts.in_image(run) and not _mounted(facts, run, left[-1]):
            cache = next(item for item in left[-1].tool.caches if item.clean)
            name = f"{left[-1].words[0].text} {left[-1].subcommand}"
            message = f"`{name}` leaves its cache in the layer"
            yield Finding(code, left[-1].command.span, message, clean_up(facts, run, left[-1], cache))


def _mounted(facts: Facts, run: Run, item: Invocation) -> bool:
    # hadolint 2.15.1 does not look at yum's mounts (measured)
    return not (facts.as_hadolint and item.tool.name == "yum") and mounted(facts, run, item)


def _fills(item: Invocation, facts: Facts) -> bool:
    if not facts.as_hadolint:
        return item.action in FILLING
    names, subcommands = HADOLINT[item.tool.name]
    return item.words[0].text in names and item.subcommand in subcommands


def _cleaned_by_any(facts: Facts, run: Run, item: Invocation, filling: list[Invocation]) -> bool:
    same = [other for other in filling if other.words[0].text == item.words[0].text]
    if facts.as_hadolint and item.tool.name != "dnf":
        return _cleaned_as_hadolint(facts, run, same)
    ends = [other.command.span.end for other in same]
    # hadolint 2.15.1 is content when the clean-up follows the first of them (measured)
    after = min(ends) if facts.as_hadolint else max(ends)
    return any(cleaned(facts, run, cache, item, after) for cache in item.tool.caches)


def _cleaned_as_hadolint(facts: Facts, run: Run, filling: list[Invocation]) -> bool:
    """As measured with hadolint 2.15.1: the first clean-up follows the first install; for yum any `rm -rf` is one."""
    tool = filling[0].tool
    cleans = [item.command for item in facts.invocations(run) if item.tool is tool and item.action == "clean"]
    if tool.name == "yum":
        removes = (command for command in facts.commands(run) if command.name == "rm")
        cleans += [command for command in removes if any(word.text == "-rf" for word in command.arguments)]
    first = min((command.span.start for command in cleans), default=-1)
    return first > filling[0].command.span.start
