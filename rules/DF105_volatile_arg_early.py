"""DF105: a value that changes with every build comes before costly steps."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.fixers.effects.footprint import Clash
from dockerlint.fixers.effects.precedence import Precedence
from dockerlint.fixers.order.declarations import descent
from dockerlint.fixers.order.step_order import is_costly, move_below
from dockerlint.fixers.refusal import Answer, Carried, Refusal, answered
from dockerlint.lint.catalogue import tables
from dockerlint.lint.catalogue.name_patterns import matches_any
from dockerlint.lint.engine.findings import Applicability, Finding, Fix, Severity
from dockerlint.lint.engine.rule import rule
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Dockerfile


class _Carrier(Struct):
    """A fix for several findings, and the line of the one that has it; None while none has."""

    fix: Fix
    told: int | None = None


@rule(name="volatile-arg-early", severity=Severity.WARNING, needs=("arg", "env"))
def volatile_arg_early(doc: Dockerfile, facts: Facts) -> Iterator[Finding]:
    """A value that changes with every build comes before costly steps.

    An ARG or ENV is part of the cache key of each RUN below it, used or not. A build date or a commit hash at the top makes
    every build start cold. Right before its first use it costs nothing.

    ```dockerfile bad
    FROM python:3.12-slim
    ARG GIT_SHA
    RUN pip install flask==3.0.3
    LABEL org.opencontainers.image.revision=$GIT_SHA
    ```

    ```dockerfile fixed
    FROM python:3.12-slim
    RUN pip install flask==3.0.3
    ARG GIT_SHA
    LABEL org.opencontainers.image.revision=$GIT_SHA
    ```

    ```dockerfile good
    FROM python:3.12-slim
    RUN pip install flask==3.0.3
    ARG GIT_SHA
    LABEL org.opencontainers.image.revision=$GIT_SHA
    ```

    **Fix safety:** the declaration, and any that names it, moves only past steps that surely do not read it: every RUN gets all
    variables. Installs of system packages and plain commands do not read it; language packages may run code during the install,
    which makes the fix unsafe; an unknown command stops the fix. A variable that breaks the cache on purpose stays.

    **Source:** BuildKit's cache keys: ENV and ARG enter the key of every later RUN of the stage.
    """
    relation = Precedence(facts)
    for stage in doc.stages:
        found = list(_found(facts, stage))
        fixes = _fixes(facts, relation, stage, [node for node, _, _ in found])
        for node, pair, run in found:
            step = f"`{facts.brief(run)}` (line {doc.line(run.span.start)})"
            message = f"`{node.name} {pair.key.text}` changes with every build: {step} runs again without using it"
            yield answered(pair.span, message, _answer(doc, node, pair, fixes))


def _answer(doc: Dockerfile, node: nodes.Arg | nodes.Env, pair: nodes.Pair, fixes: dict[int, _Carrier]) -> Answer:
    """The fix at the first finding that it mends; the others name it."""
    if is_deliberate(node):
        return Refusal(f"{pair.key.text} says that it is there to break the cache")
    carrier = fixes.get(node.span.start)
    if carrier is None:
        return Refusal("what stands below uses it, or dlint cannot tell that it does not: declare it above the step that uses it")
    if carrier.told is None:
        carrier.told = doc.line(pair.span.start)
        return carrier.fix
    return Carried(carrier.told)


def _found(facts: Facts, stage: nodes.Stage) -> Iterator[tuple[nodes.Arg | nodes.Env, nodes.Pair, nodes.Run]]:
    """The volatile values of a stage, each with the first costly step below that does not use it."""
    for index, node in enumerate(stage.instructions):
        if not isinstance(node, nodes.Arg | nodes.Env):
            continue
        for pair in node.pairs:
            if is_volatile(pair, node) and (run := _needless(facts, pair.key.text, stage.instructions[index + 1 :])):
                yield node, pair, run


def _needless(facts: Facts, name: str, following: Iterable[nodes.Instruction]) -> nodes.Run | None:
    for later in following:
        if not isinstance(later, nodes.Run):
            continue
        if name in facts.doc.source(later.span):
            return None
        if is_costly(facts, later):
            return later
    return None


def _fixes(
    facts: Facts, relation: Precedence, stage: nodes.Stage, found: Iterable[nodes.Arg | nodes.Env]
) -> dict[int, _Carrier]:
    """The fixes, by the declarations that they move: those that go below the same step go together."""
    groups: dict[tuple[int, Clash], dict[int, nodes.Instruction]] = {}
    places = {node.span.start: index for index, node in enumerate(stage.instructions)}
    afters: dict[int, nodes.Instruction] = {}
    movers: dict[tuple[int, Clash], list[int]] = {}
    for node in found:
        if is_deliberate(node):
            continue
        following = stage.instructions[places[node.span.start] + 1 :]
        for most in (Clash.NONE, Clash.POSSIBLE):
            if down := descent(facts, relation, node, following, most):
                key = down.after.span.start, most
                groups.setdefault(key, {}).update((item.span.start, item) for item in down.moved)
                afters[down.after.span.start] = down.after
                movers.setdefault(key, []).append(node.span.start)
                break
    fixes: dict[int, _Carrier] = {}
    for key, moved in groups.items():
        nodes_moved = [moved[start] for start in sorted(moved)]
        if edits := move_below(facts.doc, nodes_moved, afters[key[0]]):
            what = f"`{facts.brief(nodes_moved[0])}`" if len(moved) == 1 else f"{len(moved)} declarations"
            title = f"move {what} further down"
            applicability = Applicability.SAFE if key[1] is Clash.NONE else Applicability.UNSAFE
            fixes |= dict.fromkeys(movers[key], _Carrier(Fix(title, edits, applicability)))
    return fixes


def is_deliberate(node: nodes.Arg | nodes.Env) -> bool:
    """Whether a declaration is there to break the cache."""
    return any(matches_any(pair.key.text.upper(), _data()["deliberate"]) for pair in node.pairs)


def is_volatile(pair: nodes.Pair, node: nodes.Instruction) -> bool:
    """Whether an ARG or ENV holds another value in each build: by its name, and ENV only when it takes it from an ARG."""
    if isinstance(node, nodes.Env) and (pair.value is None or "$" not in pair.value.text):
        return False
    name = pair.key.text.upper()
    return matches_any(name, _data()["names"])


@cache
def _data() -> dict[str, list[str]]:
    return tables.table("lint/catalogue/data/volatile.toml")
