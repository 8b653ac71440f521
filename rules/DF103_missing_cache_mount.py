"""DF103: a package manager or compiler has no cache mount."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.cache.cache_mounts import fills_cache, has_decided, mount_caches, rarely_runs, wanted_caches
from dockerlint.fixers.refusal import answered
from dockerlint.lint.engine.findings import Finding, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile


@rule(name="missing-cache-mount", severity=Severity.INFO)
def missing_cache_mount(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A package manager or compiler has no cache mount.

    A cache mount outlives the layer: when the step runs again, it finds what it downloaded or compiled before, and none of
    that gets into the image. Commands that are told to keep no cache, and system packages whose lists are cleaned in the same
    RUN, are left alone unless all rules are asked for: such a file has decided for the other remedy. By default installs of
    packages that the RUN itself names are left alone too: they run again when it is edited; and of the system packages that an
    image ships, only the missing clean-up is told (DL3009, DL3019, DL3032 and kin).

    ```dockerfile bad
    FROM python:3.12-slim
    COPY requirements.txt .
    RUN pip install -r requirements.txt
    ```

    ```dockerfile fixed
    FROM python:3.12-slim
    COPY requirements.txt .
    RUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt
    ```

    ```dockerfile good
    FROM python:3.12-slim
    COPY requirements.txt .
    RUN --mount=type=cache,target=/root/.cache pip install -r requirements.txt
    ```

    Where all rules are asked for, options that switch the cache off go with the mount:

    ```dockerfile bad
    FROM node:22-slim
    COPY requirements.txt .
    RUN pip install --no-cache-dir -r requirements.txt
    ```

    ```dockerfile fixed
    FROM node:22-slim
    COPY requirements.txt .
    RUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt
    ```

    The mount goes to where the tool has its cache for this user, `HOME`, base image, variables and options; what the container
    itself looks into when it runs (Deno's and Dart's packages, Yarn's zip files) is not mounted. On Debian's images the recipe
    for apt takes the hook away that deletes each package; a step that used the lists of an earlier layer, which the mount hides,
    gets a refresh of its own:

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y curl
    ```

    ```dockerfile fixed
    FROM debian:bookworm-slim
    RUN --mount=type=cache,target=/var/lib/apt,sharing=locked \\
        --mount=type=cache,target=/var/cache/apt,sharing=locked \\
        rm -f /etc/apt/apt.conf.d/docker-clean && \\
        apt-get update && apt-get install -y curl
    ```

    **Fix safety:** a cache can be empty, pruned or filled by other builds. Safe for language package managers that run as root,
    use their default cache folder and keep only downloads in it. Unsafe where the cache also holds build results, which depend
    on variables, flags and system libraries: pip, uv, Poetry and PDM unless they are told to build nothing
    (`--only-binary=:all:`), pnpm unless with `--ignore-scripts`, Go unless with `CGO_ENABLED=0`, Maven. Unsafe for system
    packages (Debian's docker-clean hook goes, and the lists with the mount), for other users, where variables or options move
    the cache or it is only likely to be there (Conda, Stack, Cabal), where steps cannot fill it again (`--no-restore`), and
    where a later step, another stage or the container may read it, or one above has filled it. The fix is only shown where a
    step would fail with an empty cache: a step without a network, or one that uses what `mvn install` put there.

    **Source:** the Dockerfile reference, `RUN --mount=type=cache`; the tools' documentation on their caches.
    """
    if facts.settings.builder != "buildkit":
        return
    for stage in doc.stages:
        if facts.quiet and stage.index not in facts.graph.needed:
            continue
        for run in stage.all(nodes.Run):
            yield from _check(facts, stage, run)


def _check(facts: Facts, stage: nodes.Stage, run: nodes.Run) -> Iterator[Finding]:
    seen: set[str] = set()
    for invocation in facts.invocations(run):
        name = invocation.tool.name
        if name in seen or not fills_cache(invocation):
            continue
        caches = wanted_caches(facts, run, invocation)
        if not caches:
            continue
        seen.add(name)
        if facts.quiet and rarely_runs(facts, run, invocation):
            continue
        if has_decided(facts, run, invocation, caches):
            continue
        command = invocation.name
        again = "compiles" if invocation.action == "build" else "downloads"
        message = f"`{command}` has no cache mount: it {again} everything again on every run"
        yield answered(invocation.command.span, message, mount_caches(facts, stage, run, invocation))
