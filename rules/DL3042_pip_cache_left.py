"""DL3042: pip's cache stays in the layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.cache.cache_readers import Need, cache_needed
from dockerlint.fixers.cache.cleanup import add_option, mounted, tidy, without_cache
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.tool import Invocation
    from dockerlint.lint.syntax.nodes import Run, Word

OFF = frozenset({"", "0", "off", "no", "n", "false", "f"})


@rule(name="pip-cache-left", severity=Severity.WARNING, needs=("pip",))
def pip_cache_left(facts: Facts) -> Iterator[Finding]:
    """pip's cache stays in the layer.

    pip keeps what it downloads and the wheels it builds below ~/.cache, often a fifth of what it installs. They are of no
    use in the image. Stages that do not ship, caches that the same RUN deletes, and mounted ones are left alone.

    ```dockerfile bad
    FROM python:3.12-slim
    COPY requirements.txt .
    RUN pip install -r requirements.txt
    ```

    ```dockerfile fixed
    FROM python:3.12-slim
    COPY requirements.txt .
    RUN pip install --no-cache-dir -r requirements.txt
    ```

    ```dockerfile good
    FROM python:3.12-slim
    COPY requirements.txt .
    RUN --mount=type=cache,target=/root/.cache pip install -r requirements.txt
    ```

    ```dockerfile good
    FROM python:3.12-slim
    ENV PIP_NO_CACHE_DIR=1
    COPY requirements.txt .
    RUN pip install -r requirements.txt
    ```

    **Fix safety:** safe: the same packages are installed. Unsafe where a later step, another stage or the container looks into
    the cache, installs without a network, or installs more when it starts. Where the builder can mount caches, the mount of DF103 settles
    this as well and makes rebuilds faster.

    **Source:** hadolint DL3042; pip's documentation, caching.
    """
    for run in facts.every(nodes.Run):
        used = [item for item in facts.invocations(run) if item.tool.name == "pip"]
        caching = [item for item in used if _caches(item, run, facts)]
        if not caching or not facts.in_image(run) or mounted(facts, run, caching[0]) or tidy(facts, run, used):
            continue
        name = caching[0].name
        edits = [add_option(run, item.subcommand_words[-1], item.tool.no_cache_flag or "") for item in caching]
        needed = cache_needed(facts, run, caching[0].tool) is not Need.NONE
        trust = Applicability.UNSAFE if needed else Applicability.SAFE
        fix = Fix(f"add `{caching[0].tool.no_cache_flag}`", tuple(edits), trust)
        message = f"`{name}` without `{caching[0].tool.no_cache_flag}` leaves its cache in the layer"
        yield Finding(caching[0].command.span, message, fix)


def _caches(item: Invocation, run: Run, facts: Facts) -> bool:
    if item.action != "install" or (facts.as_hadolint and item.subcommand != "install"):
        return False
    told = item.has((item.tool.no_cache_flag or "",)) if facts.as_hadolint else without_cache(item)
    return not told and not any(_is_on(name, item, run, facts) for name in item.tool.no_cache_variables)


def _is_on(variable: str, item: Invocation, run: Run, facts: Facts) -> bool:
    """Whether a variable that switches the cache off is set for a command; one that the build sets counts as set."""
    prefix = variable + "="
    words: Iterable[Word] = (*item.command.assignments, *item.command.words)
    values = [word.text.removeprefix(prefix) for word in words if word.text.startswith(prefix)]
    for command in facts.commands(run):
        if command.span.start >= item.command.span.start:
            break
        if command.name in ("export", ""):
            values += [
                word.text.removeprefix(prefix)
                for word in (*command.words, *command.assignments)
                if word.text.startswith(prefix)
            ]
    if values:
        return values[-1].casefold() not in OFF
    if facts.as_hadolint:
        return _is_on_for_hadolint(variable, run, facts)
    value = facts.state(run).env.get(variable, "")
    return value is None or value.casefold() not in OFF


def _is_on_for_hadolint(variable: str, run: Run, facts: Facts) -> bool:
    """Whether any ENV switches the cache off: hadolint 2.15.1 looks at no ARG, at no value from another variable, and never back."""
    envs = (node for node in facts.before(run) if isinstance(node, nodes.Env))
    values = (pair.value.text for node in envs for pair in node.pairs if pair.key.text == variable and pair.value)
    return any("$" not in value and value.strip("\"'").casefold() not in OFF for value in values)
