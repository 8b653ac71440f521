"""DL3019: apk's package index stays in the layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.cache.cache_readers import Need, needed_later, read_later
from dockerlint.fixers.cache.cleanup import FILLING, add_option, drop_command, mounted, tidy, without_cache
from dockerlint.fixers.edits import remove_word
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.tool import Invocation
    from dockerlint.lint.syntax.nodes import Dockerfile, Run

# Subcommands that read the index and do not fetch it. Source: apk-tools 2, the flags of its applets.
INDEX_READERS = frozenset({"search", "policy", "fetch", "list", "version", "dot", "manifest", "stats"})


@rule(name="apk-cache-left", severity=Severity.INFO, needs=("apk",))
def apk_cache_left(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """apk's package index stays in the layer.

    `--no-cache` fetches the index for the one command and keeps nothing; `apk update` before it is then of no use. Stages
    that do not ship, indexes that the same RUN deletes, and mounted ones are left alone.

    ```dockerfile bad
    FROM alpine:3.20
    RUN apk update && apk add curl
    ```

    ```dockerfile fixed
    FROM alpine:3.20
    RUN apk add --no-cache curl
    ```

    ```dockerfile good
    FROM alpine:3.20
    RUN apk add --no-cache curl
    ```

    **Fix safety:** safe: the same packages are installed; unsafe where `apk search` and the like read the index. `apk update` stays where a later step may need its index.

    **Source:** hadolint DL3019; apk(8).
    """
    for run in facts.every(nodes.Run):
        used = [item for item in facts.invocations(run) if item.tool.name == "apk"]
        caching = [item for item in used if _caches(item, facts)]
        adds = [item for item in caching if item.action == "install"]
        if adds and facts.in_image(run) and not mounted(facts, run, adds[0]) and not tidy(facts, run, used):
            fix = _without_cache(doc, facts, run, used)
            yield Finding(adds[0].command.span, "`apk add` without `--no-cache` leaves its index in the layer", fix)


def _caches(item: Invocation, facts: Facts) -> bool:
    offline = item.has(item.tool.offline_flags) and not facts.as_hadolint
    return item.action in FILLING and not without_cache(item) and not offline


def _without_cache(doc: Dockerfile, facts: Facts, run: Run, used: list[Invocation]) -> Fix:
    edits = []
    updates = []
    for item in used:
        if _caches(item, facts):
            edits.append(add_option(run, item.subcommand_words[-1], item.tool.no_cache_flag or ""))
            # with --no-cache the index is fetched anew anyway
            updates += [remove_word(doc, flag.span) for flag in item.flags if flag.text in ("-U", "--update")]
    edits += updates
    need = needed_later(facts, run, used[0].tool)
    script = facts.script(run)
    refreshes = [item.command for item in used if item.action == "refresh"]
    if script is not None and len(refreshes) == 1 and need is Need.NONE:
        edit = drop_command(doc, script, refreshes[0])
        if edit is not None and not any(edit.span.overlaps(other.span) for other in edits):
            edits.append(edit)
    # the index that -U would leave is then missing
    lost = bool(updates) and not refreshes and need is not Need.NONE
    read = read_later(facts, run, used[0].tool) is not Need.NONE
    trust = Applicability.UNSAFE if lost or read else _trust(facts, run)
    return Fix(f"add `{used[0].tool.no_cache_flag}`", tuple(edits), trust)


def _trust(facts: Facts, run: Run) -> Applicability:
    """Not safe where this RUN or a later one asks the index that would be left: these commands fetch none."""
    for node in facts.every(nodes.Run):
        if node.span.start < run.span.start:
            continue
        for item in facts.invocations(node):
            if item.tool.name == "apk" and (item.subcommand in INDEX_READERS or item.has(item.tool.offline_flags)):
                return Applicability.UNSAFE
    return Applicability.SAFE
