"""DL3032, DL3036 and DL3040: what yum, zypper and dnf fetch stays in the layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.cache.cleanup import FILLING, clean_up, cleaned, mounted
from dockerlint.fixers.refusal import answered
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import Member, family
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.tool import Invocation
    from dockerlint.lint.syntax.nodes import Run

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


PAGE = """{tool}'s metadata and packages stay in the layer.

After an install there are often more than {size} in {folder}. A later layer cannot take them back. Stages that do
not ship, and caches on a mount, are left alone.

```dockerfile bad
FROM {image}
RUN {install}
```

```dockerfile fixed
FROM {image}
RUN {install} && {clean}
```

```dockerfile good
FROM {image}
RUN {good}
```

**Fix safety:** safe: who needs the metadata later fetches it again.

**Source:** hadolint {code}; {tool}(8).
"""


def cache_left(facts: Facts, tool: str) -> Iterator[Finding]:
    """A finding for each RUN of a stage that ships in which the tool's cache stays in the layer."""
    for run in facts.every(nodes.Run):
        filling = [item for item in facts.invocations(run) if item.tool.name == tool and _fills(item, facts)]
        left = [item for item in filling if not _cleaned_by_any(facts, run, item, filling)]
        if left and facts.in_image(run) and not _mounted(facts, run, left[-1]):
            cache = next(item for item in left[-1].tool.caches if item.clean)
            name = left[-1].name
            message = f"`{name}` leaves its cache in the layer"
            yield answered(left[-1].command.span, message, clean_up(facts, run, left[-1], cache))


def _member(code: str, tool: str, **words: str) -> Member:
    return Member(code, f"{tool}-cache-left", {"tool": tool}, {**words, "code": code, "tool": tool}, needs=(tool,))


CACHES_LEFT = family(
    cache_left,
    PAGE,
    severity=Severity.WARNING,
    members=(
        _member(
            *("DL3032", "yum"),
            size="100 MB",
            folder="/var/cache/yum",
            image="centos:7",
            install="yum install -y httpd",
            clean="yum clean all",
            good="yum install -y httpd && rm -rf /var/cache/yum",
        ),
        _member(
            *("DL3036", "zypper"),
            size="50 MB",
            folder="/var/cache/zypp",
            image="opensuse/leap:15.6",
            install="zypper --non-interactive install httpd",
            clean="zypper clean --all",
            good="--mount=type=cache,target=/var/cache/zypp,sharing=locked zypper --non-interactive install httpd",
        ),
        _member(
            *("DL3040", "dnf"),
            size="100 MB",
            folder="/var/cache",
            image="fedora:40",
            install="dnf install -y httpd",
            clean="dnf clean all",
            good="--mount=type=cache,target=/var/cache/libdnf5,sharing=locked dnf install -y httpd",
        ),
    ),
)


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
