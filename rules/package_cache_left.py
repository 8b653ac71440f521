"""DF202 and DL3060: caches of language package managers and build tools stay in the layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.cache.cleanup import FILLING, clean_up, cleaned, lasting_mounts, without_cache
from dockerlint.fixers.effects.footprint import commands
from dockerlint.fixers.refusal import Refusal, answered
from dockerlint.lint.analysis.leftovers import caches_of, runs_in_container
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.tool import Cache, Invocation, Tool
    from dockerlint.lint.syntax.nodes import Dockerfile, Run, Stage

# Those that have a rule of hadolint's.
OTHERS = frozenset({"apt", "apk", "dnf", "yum", "zypper", "pip", "yarn"})
# What says that Yarn is one of the later ones, in which clearing the cache may take away what the program is made of; and
# options that only the first one has.
LATER_YARN = regex(r"\.yarnrc\.yml|\.yarn/|--immutable|\bcorepack\b|yarn set version|workspaces focus|\bberry\b")
LATER_YARN_FILES = (".yarnrc.yml", ".yarn")
FIRST_YARN = (
    *("--production", "--prod", "--pure-lockfile", "--non-interactive", "--ignore-engines", "--ignore-optional"),
    *(
        "--ignore-platform",
        "--network-timeout",
        "--prefer-offline",
        "--check-files",
        "--no-lockfile",
        "--network-concurrency",
    ),
)


@rule("DF202", name="package-cache-left", severity=Severity.WARNING)
def package_cache_left(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A package manager's cache stays in the layer.

    What it fetched, to be quicker the next time, is of no use in the image. Caches on a mount, those that the same RUN
    deletes, and stages that do not ship are left alone; so are build tools that the container itself calls.

    ```dockerfile bad
    FROM node:22-slim
    COPY package.json package-lock.json ./
    RUN npm ci
    ```

    ```dockerfile fixed
    FROM node:22-slim
    COPY package.json package-lock.json ./
    RUN npm ci && npm cache clean --force
    ```

    ```dockerfile good
    FROM node:22-slim
    COPY package.json package-lock.json ./
    RUN --mount=type=cache,target=/root/.npm npm ci
    ```

    **Fix safety:** safe where the tool looks into its cache for speed only; unsafe for build tools, and where an offline
    install may want it. There is no fix where other steps build with what lies there. Where the builder can mount caches, the
    mount of DF103 settles this as well and makes rebuilds faster.

    **Source:** the tools' documentation on their caches.
    """
    for stage in doc.stages:
        if not facts.ships(stage):
            continue
        for run in stage.all(nodes.Run):
            by_tool: dict[str, list[Invocation]] = {}
            for item in facts.invocations(run):
                if item.tool.name not in OTHERS and _fills(facts, run, item):
                    by_tool.setdefault(item.tool.name, []).append(item)
            for filling in by_tool.values():
                yield from _check(facts, stage, run, filling)


@rule("DL3060", name="yarn-cache-left", severity=Severity.INFO, needs=("yarn",))
def yarn_cache_left(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """Yarn's cache stays in the layer.

    It holds a second copy of all packages. Caches on a mount, those that the same RUN deletes, and stages that do not ship
    are left alone.

    ```dockerfile bad
    FROM node:22-slim
    COPY package.json yarn.lock ./
    RUN yarn install --frozen-lockfile
    ```

    ```dockerfile fixed
    FROM node:22-slim
    COPY package.json yarn.lock ./
    RUN yarn install --frozen-lockfile && yarn cache clean
    ```

    ```dockerfile good
    FROM node:22-slim
    COPY package.json yarn.lock ./
    RUN --mount=type=cache,target=/usr/local/share/.cache/yarn yarn install --frozen-lockfile
    ```

    **Fix safety:** safe for the first Yarn, if the options of the install or the build context show that it is that one.
    A later one may keep the packages themselves in its cache; where the file says that it is in use there is no finding.

    **Source:** hadolint DL3060; classic.yarnpkg.com, `yarn cache`.
    """
    for run in facts.every(nodes.Run):
        used = [item for item in facts.invocations(run) if item.tool.name == "yarn"]
        filling = [item for item in used if _is_install(item, facts)]
        if (
            not filling
            or (not facts.as_hadolint and _is_later_yarn(doc, facts))
            or not _is_kept(facts, run)
            or _is_yarn_mounted(facts, run, filling)
            or _is_yarn_cleaned(facts, run, used)
        ):
            continue
        cache = next(iter(caches_of(facts, run, filling[0].tool)), filling[0].tool.caches[0])
        fix = clean_up(facts, run, filling[-1], cache)
        if isinstance(fix, Fix) and not _is_first_yarn(facts, used):
            fix = Fix(fix.title, fix.edits, Applicability.UNSAFE)
        name = filling[0].name
        yield answered(filling[0].command.span, f"`{name}` leaves its cache in the layer", fix)


def _check(facts: Facts, stage: Stage, run: Run, filling: list[Invocation]) -> Iterator[Finding]:
    item = filling[-1]
    tool = item.tool
    after = item.command.span.end
    left = [
        cache
        for cache in caches_of(facts, run, tool)
        if cache.clean and not _moves(item, cache) and not _is_settled(facts, run, cache, item, after)
    ]
    keeps = any(cache.kept for cache in tool.caches)
    if not left or (keeps and runs_in_container(facts, tool)):
        return
    is_shared = keeps and _is_shared(facts, stage, run, tool)
    if is_shared and _is_filled_before(facts, stage, run, tool):
        return
    name = item.name
    places = " and ".join(dict.fromkeys(cache.path for cache in left))
    message = f"`{name}` leaves its cache in the layer: {places}"
    shared = Refusal("other steps work with the same cache: mount it in all of them")
    fix = shared if is_shared else _fix(facts, run, item, left)
    yield answered(item.command.span, message, fix)


def _moves(item: Invocation, cache: Cache) -> bool:
    """Whether the command sets a variable that moves the cache, as in `GOPATH=/tmp/x go get`."""
    names = {word.text.partition("=")[0] for word in (*item.command.assignments, *item.command.words)}
    return not names.isdisjoint({cache.variable, *cache.also})


def _fix(facts: Facts, run: Run, item: Invocation, left: list[Cache]) -> Fix | Refusal:
    caches = {cache.clean: cache for cache in left}
    answers = [clean_up(facts, run, item, cache) for cache in caches.values()]
    refusal = next((answer for answer in answers if isinstance(answer, Refusal)), None)
    if refusal is not None:
        return refusal
    fixes = [answer for answer in answers if isinstance(answer, Fix)]
    unsafe = any(cache.kept for cache in item.tool.caches) or commands().offline.search(facts.doc.text)
    edits = tuple(edit for fix in fixes for edit in fix.edits)
    applicability = min(Applicability.UNSAFE if unsafe else Applicability.SAFE, *(fix.applicability for fix in fixes))
    return Fix(f"clean {item.tool.name}'s cache in the same RUN", edits, applicability)


def _fills(facts: Facts, run: Run, item: Invocation) -> bool:
    tool = item.tool
    if item.action not in FILLING and not (tool.kind == "build" and item.action == "build"):
        return False
    if without_cache(item) or item.has(tool.offline_flags) or _is_moved(item):
        return False
    env = facts.state(run).env
    words = (*item.command.assignments, *item.command.words)
    return not any(
        name in env or any(word.text.startswith(f"{name}=") for word in words) for name in tool.no_cache_variables
    )


def _is_moved(item: Invocation) -> bool:
    """Whether an option puts the cache somewhere else."""
    return any(item.has(cache.options) for cache in item.tool.caches)


def _is_settled(facts: Facts, run: Run, cache: Cache, item: Invocation, after: int) -> bool:
    """Whether a cache lies on a mount, in whole or in part, or is emptied after its last use."""
    targets = lasting_mounts(facts, run)
    if facts.mounted(run, cache.path) or any(target.startswith(cache.path.rstrip("/") + "/") for target in targets):
        return True
    tails = [
        path[1:] for path in (*(known.path for known in item.tool.caches), *item.tool.cache_aliases) if path[0] == "~"
    ]
    if any(target.endswith(tail) and cache.path.endswith(tail) for target in targets for tail in tails):
        return True
    # conda cleans what mamba left
    cleans = (other for other in facts.invocations(run) if other.tool is item.tool and other.action == "clean")
    return any(other.command.span.start >= after for other in cleans) or cleaned(facts, run, cache, item, after)


def _is_shared(facts: Facts, stage: Stage, run: Run, tool: Tool) -> bool:
    """Whether another step works with the same cache: one of the stage, or of those that it is FROM or that are FROM it."""
    related = [*facts.graph.lineage(stage), *facts.graph.children(stage)]
    others = (node for other in related for node in other.all(nodes.Run) if node is not run)
    return any(item.tool is tool and item.action != "clean" for node in others for item in facts.invocations(node))


def _is_install(item: Invocation, facts: Facts) -> bool:
    if facts.as_hadolint:
        return item.words[0].text == "yarn" and item.subcommand == "install"
    return item.action == "install"


def _is_filled_before(facts: Facts, stage: Stage, run: Run, tool: Tool) -> bool:
    before = (node for node in stage.all(nodes.Run) if node.span.start < run.span.start)
    return any(item.tool is tool and _fills(facts, node, item) for node in before for item in facts.invocations(node))


def _is_later_yarn(doc: Dockerfile, facts: Facts) -> bool:
    if facts.context is not None and any(facts.context.has(name) for name in LATER_YARN_FILES):
        return True
    return LATER_YARN.search(doc.text) is not None


def _is_first_yarn(facts: Facts, used: list[Invocation]) -> bool:
    return facts.context is not None or any(item.is_global or item.has(FIRST_YARN) for item in used)


def _is_kept(facts: Facts, run: Run) -> bool:
    """Whether the layer is part of an image; hadolint 2.15.1 means by this the last stage and those that others are FROM."""
    if not facts.as_hadolint:
        return facts.in_image(run)
    stage = next((stage for stage in facts.doc.stages if run in stage.instructions), None)
    return stage is None or stage is facts.doc.stages[-1] or any(facts.graph.children(stage))


def _is_yarn_mounted(facts: Facts, run: Run, filling: list[Invocation]) -> bool:
    targets = lasting_mounts(facts, run)
    if any(".cache/yarn" in target for target in targets):
        return True
    return not facts.as_hadolint and (
        any(map(_is_moved, filling))
        or any(".yarn" in target for target in targets)
        or any(facts.mounted(run, cache.path) for cache in caches_of(facts, run, filling[0].tool))
    )


def _is_yarn_cleaned(facts: Facts, run: Run, used: list[Invocation]) -> bool:
    filling = [item.command.span for item in used if item.action == "install"]
    cleans = [item.command.span for item in used if item.action == "clean"]
    if facts.as_hadolint:
        # the first clean-up follows the first install
        return bool(cleans) and cleans[0] > filling[0]
    item = next(item for item in used if item.action == "install")
    caches = (*item.tool.caches, *caches_of(facts, run, item.tool))
    return any(cleaned(facts, run, cache, item, filling[-1].end) for cache in caches)
