"""DF112: a tool tries to link files out of its cache mount."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.cache.cache_mounts import flag_to_add
from dockerlint.fixers.cache.cleanup import add_option
from dockerlint.fixers.refusal import Refusal, answered
from dockerlint.lint.analysis.leftovers import caches_of
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.tool import Invocation

# A tool that falls back to copying without a word.
SILENT = {"pnpm": ("npm_config_package_import_method", "--package-import-method")}


@rule(name="link-mode-on-cache-mount", severity=Severity.INFO, recommended=False, needs=("--mount",))
def link_mode_on_cache_mount(facts: Facts) -> Iterator[Finding]:
    """A tool tries to link files out of its cache mount.

    Links cannot leave a mount: the tool fails to link each package, warns, and copies it. With the option it copies at once.

    ```dockerfile bad
    FROM python:3.12-slim
    RUN --mount=type=cache,target=/root/.cache/uv uv pip install --system flask==3.0.3
    ```

    ```dockerfile fixed
    FROM python:3.12-slim
    RUN --mount=type=cache,target=/root/.cache/uv uv pip install --link-mode=copy --system flask==3.0.3
    ```

    ```dockerfile good
    FROM python:3.12-slim
    ENV UV_LINK_MODE=copy
    RUN --mount=type=cache,target=/root/.cache/uv uv pip install --system flask==3.0.3
    ```

    **Fix safety:** safe: the tool copies anyway. There is no fix for pnpm.

    **Source:** uv's guide "Using uv in Docker", caching.
    """
    for run in facts.every(nodes.Run, triggers=False):
        for invocation in facts.invocations(run):
            if invocation.action != "install" or not any(
                _is_mounted(facts, run, item.path) for item in caches_of(facts, run, invocation.tool)
            ):
                continue
            name = invocation.tool.name
            if name in SILENT and not _is_set(facts, run, invocation, *SILENT[name]):
                yield _finding(run, invocation, SILENT[name][0])
            elif keep := invocation.tool.mount_variable and flag_to_add(facts, run, invocation):
                yield _finding(run, invocation, invocation.tool.mount_variable or "", keep)


def _finding(run: nodes.Run, invocation: Invocation, variable: str, keep: str | None = None) -> Finding:
    message = f"`{invocation.tool.name}` cannot link files from its cache mount: set `{variable}=copy`"
    fix: Fix | Refusal = Refusal(f"the tool has no option for it: put `ENV {variable}=copy` above the step")
    if keep and invocation.subcommand_words:
        fix = Fix(f"add `{keep}`", (add_option(run, invocation.subcommand_words[-1], keep),), Applicability.SAFE)
    return answered(invocation.words[0].span, message, fix)


def _is_set(facts: Facts, run: nodes.Run, invocation: Invocation, variable: str, option: str) -> bool:
    return invocation.has((option,)) or variable in facts.state(run).env or f"{variable}=" in facts.doc.source(run.span)


def _is_mounted(facts: Facts, run: nodes.Run, path: str) -> bool:
    return any(mount.kind == "cache" and mount.covers(path) for mount in facts.mounts(run))
