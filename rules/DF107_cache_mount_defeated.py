"""DF107: an option, a variable or a clean-up defeats a cache mount."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.cache.cache_mounts import flag_to_add, keeps_builds
from dockerlint.fixers.edits import insert, remove_command, remove_word
from dockerlint.fixers.refusal import Refusal, answered
from dockerlint.lint.analysis.leftovers import caches_of, removed
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.catalogue.tool import Cache, Invocation
    from dockerlint.lint.shell.script import Command
    from dockerlint.lint.syntax.nodes import Run, Word
    from dockerlint.lint.syntax.span import Edit, Span


@rule(name="cache-mount-defeated", severity=Severity.WARNING, needs=("--mount",))
def cache_mount_defeated(facts: Facts) -> Iterator[Finding]:
    """An option, a variable or a clean-up defeats a cache mount.

    A cache mount is not in the layer: emptying it saves nothing in the image, and the next build downloads everything again.
    With the cache turned off, the mount stays empty.

    ```dockerfile bad
    FROM python:3.12-slim
    COPY requirements.txt .
    RUN --mount=type=cache,target=/root/.cache/pip pip install --no-cache-dir -r requirements.txt
    ```

    ```dockerfile fixed
    FROM python:3.12-slim
    COPY requirements.txt .
    RUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt
    ```

    ```dockerfile bad
    FROM debian:bookworm-slim
    RUN --mount=type=cache,target=/var/lib/apt,sharing=locked apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*
    ```

    ```dockerfile fixed
    FROM debian:bookworm-slim
    RUN --mount=type=cache,target=/var/lib/apt,sharing=locked apt-get update && apt-get install -y curl
    ```

    ```dockerfile good
    FROM debian:bookworm-slim
    RUN --mount=type=cache,target=/var/cache/apt,sharing=locked apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*
    ```

    **Fix safety:** safe: the files that the option or command removed are on the mount, not in the image. Unsafe for apk, which
    then takes its index from the mount, and for tools that may take from it what they built for others, as pip does wheels. A
    variable is only reported.

    **Source:** the Dockerfile reference, `RUN --mount=type=cache`; the tools' documentation on their caches.
    """
    for run in facts.every(nodes.Run, triggers=False):
        seen: set[Span] = set()
        for invocation in facts.invocations(run):
            for finding in _check(facts, run, invocation):
                if finding.span not in seen:
                    seen.add(finding.span)
                    yield finding


def _check(facts: Facts, run: Run, invocation: Invocation) -> Iterator[Finding]:
    known = caches_of(facts, run, invocation.tool)
    caches = tuple(item for item in known if _mounted(facts, run, item.path))
    if not caches:
        return
    if invocation.action == "clean":
        emptied = [item for item in known if item.emptied_by(invocation)]
        if not invocation.operands and emptied and all(item in caches for item in emptied):
            yield _wipe(facts, run, invocation.command, emptied[0])
        return
    for path, command in removed(facts, run):
        wiped = next((item for item in caches if _lies(path, item.path) or _lies(item.path, path)), None)
        if wiped:
            yield _wipe(facts, run, command, wiped)
    if invocation.action not in ("install", "upgrade", "build"):
        return
    yield from _switched_off(facts, run, invocation)
    yield from _variables(facts, run, invocation)


def _wipe(facts: Facts, run: Run, command: Command, cache: Cache) -> Finding:
    text = " ".join(facts.doc.source(command.span).split())
    message = (
        f"`{_short(text)}` empties the cache mount for {cache.path}: the next build downloads everything again"
    )
    return answered(command.span, message, _drop(facts, run, command))


def _drop(facts: Facts, run: Run, command: Command) -> Fix | Refusal:
    """Takes the command away, or those of its paths that lie on the mount."""
    script = facts.script(run)
    if script is None:
        return Refusal("the step is no script that dlint can read: take the command away by hand")
    paths = [(path, at) for path, at in removed(facts, run) if at.span == command.span]
    inside = [_mounted(facts, run, path) for path, _ in paths]
    edits: list[Edit] = []
    if all(inside):
        edit = remove_command(facts.doc, script, command)
        edits = [edit] if edit else []
    elif command.name == "rm":
        words = [word for word in command.arguments if not word.text.startswith("-")]
        edits = [remove_word(facts.doc, word.span) for word, gone in zip(words, inside, strict=False) if gone]
    if not edits:
        return Refusal("the rest of the script hangs on the command: take it away by hand")
    return Fix("keep the mounted cache", tuple(edits), Applicability.SAFE)


def _switched_off(facts: Facts, run: Run, invocation: Invocation) -> Iterator[Finding]:
    tool = invocation.tool
    for flag in invocation.flags:
        if flag.text not in tool.action(invocation.action).no_cache:
            continue
        fix: Fix | Refusal = Refusal("the RUN is a JSON list: take the option out of it by hand")
        if not isinstance(run.form, nodes.Exec):
            edits = [remove_word(facts.doc, flag.span)]
            if keep := flag_to_add(facts, run, invocation):
                edits.append(insert(invocation.subcommand_words[-1].span.end, f" {keep}"))
            stale = tool.kind == "system" or keeps_builds(facts, run, tool)
            trust = Applicability.UNSAFE if stale else Applicability.SAFE
            fix = Fix(f"remove `{flag.text}`", tuple(edits), trust)
        yield answered(flag.span, f"`{flag.text}` turns off the cache that this RUN mounts", fix)


def _variables(facts: Facts, run: Run, invocation: Invocation) -> Iterator[Finding]:
    env = facts.state(run).env
    for name in invocation.tool.no_cache_variables:
        # pip takes any value for a yes, `0` and `false` too
        if env.get(name) and not any(word.text.startswith(f"{name}=") for word in invocation.command.assignments):
            word = _setting(facts, run, name)
            message = f"`{name}` turns off the cache that `{facts.brief(run)}` (line {facts.doc.line(run.span.start)}) mounts"
            why = "other steps may need the variable: unset it, or drop the mount"
            yield answered(word.span if word else invocation.command.span, message, Refusal(why))


def _setting(facts: Facts, run: Run, name: str) -> Word | None:
    """Where the file sets a variable that a RUN sees."""
    settings = (node for node in facts.before(run) if isinstance(node, nodes.Env | nodes.Arg))
    return next((pair.key for node in settings for pair in node.pairs if pair.key.text == name), None)


def _mounted(facts: Facts, run: Run, path: str) -> bool:
    return any(mount.kind == "cache" and mount.covers(path) for mount in facts.mounts(run))


def _lies(path: str, folder: str) -> bool:
    return (path.rstrip("/") + "/").startswith(folder.rstrip("/") + "/")


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."
