"""What fixes save: the estimate of the text less that of the fixed text, the same for every rule."""

from __future__ import annotations

from bisect import bisect_right
from functools import partial
from typing import TYPE_CHECKING

from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.catalogue.basis import Basis
from dockerlint.lint.engine.findings import Saving
from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.parser import parse

from ..edits import apply
from .bounded import worst
from .copy_selections import Selections
from .cost_model import estimate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dockerlint.lint.engine.findings import Finding, Fix
    from dockerlint.lint.syntax.nodes import Dockerfile
    from dockerlint.lint.syntax.span import Edit

    from .bounded import Amount
    from .cost_model import Estimate
    from .measured import Measurements

# Less than this is noise of the model, and not worth a line to the reader.
LEAST_BYTES, LEAST_SECONDS = 1000, 0.01
LEAST_LOSS, LEAST_LOST_SECONDS = 1e6, 0.1
# Each fix takes an estimate of all steps, which reads all of the text. So many of these as an image may have layers, squared, and
# the fixes after that have no price. Source: Docker's "OverlayFS storage driver": 128 layers.
MOST_STEPS = 128 * 128
# What is not much longer than this takes as long as any other step. Of 880 real files none needs a twelfth of what is allowed.
STEP_CHARACTERS = 32

METADATA = (
    nodes.Label,
    nodes.Expose,
    nodes.CommandInstruction,
    nodes.Stopsignal,
    nodes.Healthcheck,
    nodes.Volume,
    nodes.Maintainer,
    nodes.Onbuild,
)


def price(
    doc: Dockerfile,
    findings: Sequence[Finding],
    facts: Facts,
    measured: Measurements | None = None,
    *,
    network: Amount | None = None,
    machine: float = 1.0,
    selections: Selections | None = None,
) -> list[Saving | None]:
    """What the fix of each finding saves by itself; None where there is no fix, nothing is saved or nothing is known.

    Steps that a fix leaves as they are have their `measured` figures before and after it, the others have neither:
    what a fix changes is told from two estimates, not from an estimate and what is true. `network`, `machine` and
    `selections` are as in `estimate`.
    """
    befores: dict[Measurements | None, Estimate] = {}
    judge = partial(estimate, selections=selections or Selections(facts.context), network=network, machine=machine)
    seen: dict[tuple[Edit, ...], Saving | None] = {}
    savings: list[Saving | None] = []
    most = MOST_STEPS // max(len(doc.instructions), len(doc.text) // STEP_CHARACTERS, 1)
    for finding in findings:
        fix = finding.fix
        if fix is None or not _touches_steps(doc, fix):
            savings.append(None)
            continue
        if fix.edits not in seen:
            if len(seen) >= most:
                savings.append(None)
                continue
            seen[fix.edits] = _saving(befores, doc, fix, facts, judge, measured)
        savings.append(seen[fix.edits])
    return savings


def _saving(
    befores: dict[Measurements | None, Estimate],
    doc: Dockerfile,
    fix: Fix,
    facts: Facts,
    judge: Callable[..., Estimate],
    measured: Measurements | None,
) -> Saving | None:
    fixed = parse(apply(doc.text, fix.edits))
    if len(fixed.problems) > len(doc.problems):
        return None
    other = Facts(fixed, facts.context, facts.settings, placed=False)
    common = unchanged(measured, facts, other)
    if common not in befores:
        befores[common] = judge(doc, facts, measured=common)
    after = judge(fixed, other, measured=common)
    return difference(befores[common], after)


def unchanged(measured: Measurements | None, facts: Facts, other: Facts) -> Measurements | None:
    """The figures of the steps that two texts have in common."""
    return measured.only(measured.keys(facts) & measured.keys(other)) if measured is not None else None


def difference(before: Estimate, after: Estimate) -> Saving | None:
    """What one estimate saves against another: bytes of image and seconds of a build, below 0 where it takes more; None when nothing.

    A figure that became unknown is no saving: bytes or seconds then do not count.
    """
    size = before.image.adds.mid - after.image.adds.mid
    seconds = before.expected.seconds.mid - after.expected.seconds.mid
    if _strangers(after, seconds=False) > _strangers(before, seconds=False):
        size = 0.0
    if _strangers(after, seconds=True) > _strangers(before, seconds=True):
        seconds = 0.0
    # a fix that makes the image larger or the build longer says so, unless that is noise
    size = size if size >= LEAST_BYTES or size <= -LEAST_LOSS else 0.0
    seconds = seconds if seconds >= LEAST_SECONDS or seconds <= -LEAST_LOST_SECONDS else 0.0
    if not size and not seconds:
        return None
    return Saving(
        size,
        seconds,
        _basis(before, after, size=size != 0, seconds=seconds != 0),
        _bounds(before.image.adds, after.image.adds) if size else None,
        _bounds(before.expected.seconds, after.expected.seconds) if seconds else None,
    )


def _bounds(before: Amount, after: Amount) -> tuple[float, float] | None:
    """Between which values a difference lies. What both figures have in common is as large in one as in the other."""
    if not (before.is_complete and after.is_complete):
        return None
    values = sorted((before.low - after.low, before.mid - after.mid, before.high - after.high))
    return values[0], values[-1]


def change(before: Estimate, after: Estimate) -> tuple[tuple[float, float] | None, tuple[float, float] | None]:
    """Bytes of the image, and seconds of a build after a source edit, before and after.

    None in place of a pair that cannot be compared: one of the two has no upper bound, so that its value is no more than the
    least that it may be.
    """
    name = "source edit"
    return (
        _pair(before.image.adds, after.image.adds),
        _pair(before.scenario(name).seconds, after.scenario(name).seconds),
    )


def _pair(before: Amount, after: Amount) -> tuple[float, float] | None:
    return (before.mid, after.mid) if before.is_complete and after.is_complete else None


def _strangers(found: Estimate, *, seconds: bool) -> int:
    amounts = ((step.seconds if seconds else step.adds) for step in found.steps)
    return sum(not amount.is_complete for amount in amounts)


def _basis(before: Estimate, after: Estimate, *, size: bool, seconds: bool) -> Basis:
    """The worst basis of the steps that are not the same before and after, and of all that builds take when it counts.

    In one stage steps come one after the other, so that the pull of its image and the start take nothing from either.
    """
    old, new = (
        {(step.instruction, step.adds, step.seconds, step.reruns_in) for step in found.steps}
        for found in (before, after)
    )
    differing = old ^ new
    figures = [adds for _, adds, _, _ in differing] if size else []
    if seconds and len({step.stage for found in (before, after) for step in found.steps}) > 1:
        figures += [before.expected.seconds, after.expected.seconds]
    elif seconds:
        every = [step for found in (before, after) for step in found.steps if not step.instruction.startswith("FROM ")]
        figures += [amount for step in every for amount in (step.seconds, step.seconds_warm)]
    return worst(figures) or Basis.HEURISTIC


def _touches_steps(doc: Dockerfile, fix: Fix) -> bool:
    """Whether a fix may change a step, its key or its order; else it is not priced."""
    return not all(_is_metadata(doc, edit) for edit in fix.edits)


def _is_metadata(doc: Dockerfile, edit: Edit) -> bool:
    if doc.source(edit.span).upper() == edit.text.upper():
        return True
    if _is_between(doc, edit):
        return True
    if "\n" in edit.text:
        return False
    return any(isinstance(node, METADATA) and node.span.contains(edit.span) for node in doc.instructions)


def _is_between(doc: Dockerfile, edit: Edit) -> bool:
    """Whether an edit changes comments and blank lines only, behind those that tell the builder how to read the file."""
    index = bisect_right(doc.instructions, edit.span.start, key=lambda node: node.span.end)
    if index < len(doc.instructions) and doc.instructions[index].span.start < edit.span.end:
        return False
    line = doc.line(edit.span.start)
    start, end = doc.line_span(line).start, doc.line_span(doc.line(edit.span.end))
    # of whole lines the one below stays as it is
    rest = "" if (start, end.start) == edit.span and edit.text[-1:] in ("", "\n") else doc.text[edit.span.end : end.end]
    whole = doc.text[start : edit.span.start] + edit.text + rest
    return line > len(doc.directives) + 1 and all(row.lstrip()[:1] in ("", "#") for row in whole.split("\n"))
