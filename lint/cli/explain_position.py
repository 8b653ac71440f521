"""`dlint explain --why FILE:LINE`: the proof behind the place of a step, in words."""

from __future__ import annotations

from itertools import dropwhile
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dockerlint.fixers.cost import Estimate
    from dockerlint.fixers.effects.precedence import Conflict
    from dockerlint.fixers.order.position_proof import Neighbour
    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.engine.findings import Finding
    from dockerlint.lint.syntax.nodes import Dockerfile, Instruction

# How many steps are listed on each side; the nearest ones say most.
MOST_SHOWN = 12


def why(place: str) -> str:
    """The answer for `FILE:LINE`, fit for a terminal. Raises ClickException with a sentence when there is none."""
    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.report.escaping import visible
    from dockerlint.lint.syntax import source
    from dockerlint.lint.syntax.parser import parse

    from .task import Task, configuration, context, settings

    path, line = _place(place)
    config = configuration(Task(), path)
    read = source.read_stdin() if str(path) == source.STDIN else source.read(path)
    doc = parse(read.text)
    name = visible(str(path))
    if doc.problems:
        problem = doc.problems[0]
        at = doc.line(problem.span.start)
        raise click.ClickException(f"{name}:{at}: {visible(problem.message)}; fix that first")
    node = _instruction(doc, line)
    if node is None:
        raise click.ClickException(f"{name}:{line}: no instruction on this line")
    facts = Facts(doc, context(config, path), settings(config))
    lines = [f"{path}:{doc.line(node.span.start)}: {facts.brief(node)}", *_lines(facts, node)]
    return "".join(visible(text) + "\n" for text in lines)


def _place(text: str) -> tuple[Path, int]:
    name, colon, number = text.rpartition(":")
    if not (colon and name and number.isascii() and number.isdigit() and len(number) < 10):
        raise click.UsageError(f"--why takes FILE:LINE, such as Dockerfile:12, not {text!r}")
    return Path(name), int(number)


def _instruction(doc: Dockerfile, line: int) -> Instruction | None:
    for node in doc.instructions:
        if doc.line(node.span.start) <= line <= doc.line(max(node.span.end - 1, node.span.start)):
            return node
    return None


def _lines(facts: Facts, node: Instruction) -> Iterator[str]:
    from dockerlint.fixers.order.position_proof import proof
    from dockerlint.fixers.order.position_words import reason, summary

    doc = facts.doc
    found = proof(facts, node)
    yield ""
    yield "what it reads and writes"
    yield from (f"  {text}" for text in summary(facts, node, found.uses) or ["nothing that another instruction depends on"])
    yield from _listed(facts, "it must stay below", found.above, lambda other, why: reason(facts, other, node, why))
    yield from _listed(facts, "it must stay above", found.below, lambda other, why: reason(facts, node, other, why))
    if found.free:
        first, last = (doc.line(item.span.start) for item in (found.free[0], found.free[-1]))
        lines = f"line {first} neither reads" if first == last else f"lines {first} to {last} neither read"
        yield ""
        yield f"it may move below line {last}: {lines} what it writes, nor {'writes' if first == last else 'write'} what it reads or writes"
    yield from _seconds(facts, node)


def _listed(
    facts: Facts, title: str, neighbours: tuple[Neighbour, ...], words: Callable[[Instruction, Conflict], str]
) -> Iterator[str]:
    kept = [(item.node, item.conflict) for item in neighbours if item.conflict is not None]
    if not kept:
        return
    yield ""
    yield title
    for node, conflict in kept[:MOST_SHOWN]:
        yield f"  line {facts.doc.line(node.span.start)}: {words(node, conflict)}"
    if len(kept) > MOST_SHOWN:
        yield f"  and {len(kept) - MOST_SHOWN} more"


def _seconds(facts: Facts, node: Instruction) -> Iterator[str]:
    """What its place costs: its own seconds, and those of a build before and after each fix that moves it."""
    from dockerlint.fixers.cost import estimate

    doc = facts.doc
    before = estimate(doc, facts)
    line = doc.line(node.span.start)
    step = next((step for step in before.steps if step.line == line), None)
    if step is not None:
        yield ""
        again = ", ".join(step.reruns_in) or "no case"
        known = f"about {step.seconds.mid:.1f} s" if step.seconds.is_known else "an unknown time"
        yield f"it takes {known} and runs again in these cases: {again}"
    for finding in _fixes(facts, node):
        yield ""
        yield from _outcome(facts, node, finding, before)


def _fixes(facts: Facts, node: Instruction) -> list[Finding]:
    """The findings on an instruction whose fixes move it."""
    from dockerlint.lint.engine import registry
    from dockerlint.lint.engine.checker import check

    movers = [rule for rule in registry.rules() if rule.code in ("DF101", "DF102", "DF105")]
    return [item for item in check(facts.doc, facts, movers) if node.span.contains(item.span)]


def _outcome(facts: Facts, node: Instruction, finding: Finding, before: Estimate) -> Iterator[str]:
    from dockerlint.fixers.cost import estimate
    from dockerlint.fixers.edits import apply
    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax import nodes
    from dockerlint.lint.syntax.parser import parse

    yield f"{finding.code}: {finding.message}"
    if finding.fix is None:
        yield "  it is moved with another step, or there is no fix: see what it must stay above"
        return
    fixed = parse(apply(facts.doc.text, finding.fix.edits))
    after = estimate(fixed, Facts(fixed, facts.context, facts.settings))
    yield f"  {finding.fix.applicability.name.lower()} fix: {finding.fix.title}"
    if isinstance(node, nodes.Copy):
        yield f"  expected seconds a build: {before.expected.seconds.mid:.1f} before, {after.expected.seconds.mid:.1f} after"
        return
    moved = next(item for item in fixed.instructions if fixed.source(item.span) == facts.doc.source(node.span))
    seconds = _below(before, facts.doc.line(node.span.start)), _below(after, fixed.line(moved.span.start))
    yield f"  seconds of a build that gets another value: {seconds[0]:.1f} before, {seconds[1]:.1f} after"


def _below(found: Estimate, line: int) -> float:
    """The seconds of the stage's steps that a declaration on a line makes run again: from the first RUN below it on."""
    stages = [step.stage for step in found.steps if step.line > line]
    steps = [step for step in found.steps if step.line > line and step.stage == stages[0]]
    run_again = dropwhile(lambda step: not step.instruction.upper().startswith("RUN"), steps)
    return sum(step.seconds.mid for step in run_again)
