"""DL3040: dnf's metadata and packages stay in the layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.cleanup import FILLING, clean_up, cleaned, mounted
from dockerlint.lint import nodes
from dockerlint.lint.findings import Finding, Severity
from dockerlint.lint.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.facts import Facts
    from dockerlint.lint.nodes import Dockerfile, Run
    from dockerlint.lint.tools import Invocation

# What hadolint 2.15.1 takes for an install by dnf (measured).
HADOLINTS = frozenset(
    {
        *("install", "in", "reinstall", "rei", "upgrade", "up", "up-min", "upgrade-minimal"),
        *("group install", "module install", "group upgrade"),
    }
)


@rule("DL3040", name="dnf-cache-left", severity=Severity.WARNING)
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
    for run in facts.every(nodes.Run):
        filling = [item for item in facts.invocations(run) if item.tool.name == "dnf" and _fills(item, facts)]
        left = [item for item in filling if not _cleaned_by_any(facts, run, item, filling)]
        if left and facts.in_image(run) and not mounted(facts, run, left[-1]):
            cache = next(item for item in left[-1].tool.caches if item.clean)
            name = f"{left[-1].words[0].text} {left[-1].subcommand}"
            message = f"`{name}` leaves its cache in the layer"
            yield Finding("DL3040", left[-1].command.span, message, clean_up(facts, run, left[-1], cache))


def _fills(item: Invocation, facts: Facts) -> bool:
    if not facts.as_hadolint:
        return item.action in FILLING
    return item.words[0].text in ("dnf", "microdnf") and item.subcommand in HADOLINTS


def _cleaned_by_any(facts: Facts, run: Run, item: Invocation, filling: list[Invocation]) -> bool:
    ends = [other.command.span.end for other in filling if other.words[0].text == item.words[0].text]
    # hadolint 2.15.1 is content when the clean-up follows the first of them (measured)
    after = min(ends) if facts.as_hadolint else max(ends)
    return any(cleaned(facts, run, cache, item, after) for cache in item.tool.caches)
