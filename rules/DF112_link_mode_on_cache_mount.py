"""DF112: packages cannot be linked out of a mounted cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint import nodes
from dockerlint.lint.findings import Finding, Severity
from dockerlint.lint.leftovers import caches_of
from dockerlint.lint.rule import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.facts import Facts
    from dockerlint.lint.nodes import Dockerfile

# The variable and the option that say how files get out of the cache.
SETTINGS = {
    "uv": ("UV_LINK_MODE", "--link-mode"),
    "pnpm": ("npm_config_package_import_method", "--package-import-method"),
}


@rule("DF112", name="link-mode-on-cache-mount", severity=Severity.INFO, recommended=False)
def link_mode_on_cache_mount(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A tool that links files out of its cache has it on a mount, where links cannot lead out of.

    It falls back to copying after a failed attempt for each package, and warns about it. Told to copy, it does so at once.

    ```dockerfile bad
    FROM python:3.12-slim
    RUN --mount=type=cache,target=/root/.cache/uv uv pip install --system flask==3.0.3
    ```

    ```dockerfile good
    FROM python:3.12-slim
    ENV UV_LINK_MODE=copy
    RUN --mount=type=cache,target=/root/.cache/uv uv pip install --system flask==3.0.3
    ```

    **Source:** uv's guide "Using uv in Docker", caching.
    """
    del doc
    for run in facts.every(nodes.Run, triggers=False):
        for invocation in facts.invocations(run):
            variable, option = SETTINGS.get(invocation.tool.name, ("", ""))
            if not variable or invocation.action != "install" or invocation.has((option,)):
                continue
            if variable in facts.state(run).env or f"{variable}=" in facts.doc.source(run.span):
                continue
            if any(_is_mounted(facts, run, item.path) for item in caches_of(facts, run, invocation.tool)):
                message = f"`{invocation.tool.name}` cannot link files out of its mounted cache: set `{variable}=copy`"
                yield Finding("DF112", invocation.words[0].span, message)
                break


def _is_mounted(facts: Facts, run: nodes.Run, path: str) -> bool:
    return any(mount.kind == "cache" and mount.covers(path) for mount in facts.mounts(run))
