"""DL3014 and its kin: a package manager asks, and nobody is there to answer."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from dockerlint.fixers.cache.cleanup import add_option
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import Member, family
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.tool import Invocation
    from dockerlint.lint.syntax.nodes import Instruction, Run
    from dockerlint.lint.syntax.span import Edit

# Twice quiet is yes. Source: apt-get(8), --quiet.
QUIET = ("-q", "--quiet")
TWICE_QUIET = ("-qqq", "-q=2", "--quiet=2", "-q=3", "--quiet=3")
# Options with which nothing is changed, so that nothing is asked.
DRY = ("-s", "--simulate", "--just-print", "--dry-run", "--no-act", "--print-uris", "--help", "-D", "--assumeno")
# What hadolint 2.15.1 asks the switch of (measured): the names of a tool, and what they are told to do.
HADOLINT = {
    "apt": ({"apt-get"}, {"install"}),
    "yum": ({"yum"}, {"install", "group install", "module install", "groupinstall", "localinstall"}),
    "zypper": ({"zypper"}, {"install", "in", "remove", "rm", "source-install", "si", "patch"}),
    "dnf": ({"dnf", "microdnf"}, {"install", "group install", "module install", "groupinstall", "localinstall"}),
}
# ... and what it takes for the switch besides its usual spelling: that of apt-get it knows by heart
HADOLINT_APT = ("-y", "--yes", "--assume-yes", "-qq", "-q=2")


PAGE = """{tool} asks before it installs, and a build cannot answer.

{why}

```dockerfile bad
FROM {image}
RUN {before}{front} install {packages}{after}
```

```dockerfile fixed
FROM {image}
RUN {before}{fixed} {packages}{after}
```

```dockerfile good
FROM {image}
RUN {before}{good} {packages}{after}
```

**Fix safety:** safe: a build that did not fail was not asked.

**Source:** hadolint {code}; {source}.
"""


def prompting(facts: Facts, tool: str) -> Iterator[Finding]:
    """A finding for each RUN in which the tool asks before it installs."""
    for run in facts.every(nodes.Run):
        asking = [item for item in facts.invocations(run) if item.tool.name == tool and _asks(facts, run, item)]
        if not asking or (not facts.as_hadolint and _is_configured(facts, run, asking[0])):
            continue
        option = _yes(asking[0])[0]
        edits = tuple(_edit(run, item) for item in asking)
        name = asking[0].name
        message = f"`{name}` without `{option}` asks for confirmation, and a build cannot answer"
        yield Finding(asking[0].command.span, message, Fix(f"add `{option}`", edits, Applicability.SAFE))


def _rpm(code: str, tool: str, image: str, fixed: str, good: str, clean: str) -> Member:
    """The rule of a tool that installs RPMs: these are all told alike."""
    option = "--non-interactive" if tool == "zypper" else "-y"
    words = {
        "code": code,
        "tool": tool,
        "why": f"Without `{option}` the build fails as soon as there is something to do.",
        "image": image,
        "before": "",
        "front": tool,
        "fixed": fixed,
        "good": good,
        "packages": "httpd",
        "after": f" && {tool} {clean}",
        "source": f"{tool}(8)",
    }
    return Member(code, f"prompting-{tool}", {"tool": tool}, words, needs=(tool,))


PROMPTING = family(
    prompting,
    PAGE,
    severity=Severity.WARNING,
    members=(
        Member(
            *("DL3014", "prompting-apt", {"tool": "apt"}),
            needs=("apt",),
            words={
                "code": "DL3014",
                "tool": "apt",
                "why": """When it would install more than it was told to, apt-get asks, finds nobody to answer, and the build fails. That may be
so today, or once a package gets a new dependency.""",
                "image": "debian:bookworm-slim",
                "before": "apt-get update && ",
                "front": "apt-get",
                "fixed": "apt-get install -y",
                "good": "apt-get install -y",
                "packages": "--no-install-recommends curl",
                "after": " && rm -rf /var/lib/apt/lists/*",
                "source": "apt-get(8)",
            },
        ),
        _rpm("DL3030", "yum", "centos:7", "yum install -y", "yum install -y", "clean all"),
        _rpm("DL3034", "zypper", "opensuse/leap:15.6", "zypper --non-interactive install", "zypper install -y", "clean --all"),
        _rpm("DL3038", "dnf", "fedora:40", "dnf install -y", "dnf install -y", "clean all"),
    ),
)


def _edit(run: Run, item: Invocation) -> Edit:
    option = _yes(item)[0]
    return add_option(run, item.words[0] if option in item.tool.front_flags else item.subcommand_words[-1], option)


def _yes(item: Invocation) -> tuple[str, ...]:
    return item.tool.action(item.action).yes


def _asks(facts: Facts, run: Run, item: Invocation) -> bool:
    if facts.as_hadolint:
        names, subcommands = HADOLINT[item.tool.name]
        return item.words[0].text in names and item.subcommand in subcommands and not _is_told_as_hadolint(item)
    if not _yes(item) or _is_told(item) or item.has(DRY):
        return False
    # `yes | apt-get install`
    commands = facts.commands(run)
    index = commands.index(item.command)
    return not (item.command.before in ("|", "|&") and index and commands[index - 1].name in ("yes", "echo", "printf"))


def _is_told(item: Invocation) -> bool:
    settings = tuple(setting.casefold() for setting in item.tool.action(item.action).yes_settings)
    if item.has(_yes(item)) or any(word.text.casefold().endswith(settings) for word in item.words if settings):
        return True
    return item.tool.name == "apt" and _is_quiet(item, (*TWICE_QUIET, "-qq"))


def _is_told_as_hadolint(item: Invocation) -> bool:
    if item.tool.name == "apt":
        return item.has(HADOLINT_APT[:3]) or _is_quiet(item, HADOLINT_APT[3:])
    return item.has(_yes(item))


def _is_quiet(item: Invocation, twice: tuple[str, ...]) -> bool:
    flags = [flag.text for flag in item.flags]
    return any(flag in twice for flag in flags) or any(flags.count(flag) == len(QUIET) for flag in QUIET)


def _is_configured(facts: Facts, run: Run, item: Invocation) -> bool:
    """Whether this step or one before it writes the setting into a configuration file."""
    names = tuple(setting.partition("=")[0] for setting in item.tool.action(item.action).yes_settings)
    return bool(names) and (_sets(facts, run, names) or facts.comes_before(run, _sets, names))


def _sets(facts: Facts, item: Instruction, names: tuple[str, ...]) -> bool:
    return bool(_setting(names).search(facts.doc.source(item.span)))


@cache
def _setting(names: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<!--)(?:{'|'.join(map(re.escape, names))})[\s\"=]", re.IGNORECASE)
