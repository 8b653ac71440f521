"""Asks the languages' modules for the split of a stage."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.refusal import Refusal
from dockerlint.lint.engine.findings import Applicability, Fix

from . import c, dotnet, go, java, node, rust
from .split_edits import edits
from .stage_reader import Reading

if TYPE_CHECKING:
    from collections.abc import Callable

    from dockerlint.lint.analysis.facts import Facts
    from dockerlint.lint.syntax.nodes import Stage

    from .split_plan import Split

# In the order in which they are asked: what compiles with another's tools comes first.
LANGUAGES: tuple[Callable[[Reading], Split | Refusal | None], ...] = (go.plan, rust.plan, java.plan, dotnet.plan, node.plan, c.plan)
MOST_NAMED = 3


def plan(facts: Facts, stage: Stage) -> Split | Refusal:
    """The split of the only stage of a file, by the first language that knows what is built there."""
    if facts.settings.target is not None:
        return Refusal("`target` is set to a stage of this file")
    reading = Reading(facts, stage)
    for language in LANGUAGES:
        found = language(reading)
        if found is not None:
            return found
    return Refusal("dlint does not know what the build creates")


def fix(facts: Facts, split: Split) -> Fix | Refusal:
    """The fix that makes a split; never a safe one, since what stays behind might be read by the program after all."""
    changes = edits(facts.doc, split)
    if changes is None:
        return Refusal("the steps are written in a form that cannot be taken apart: write each on lines of its own")
    behind = ", ".join(split.behind[:MOST_NAMED])
    more = f" and {len(split.behind) - MOST_NAMED} more" if len(split.behind) > MOST_NAMED else ""
    left = f"; left behind: {behind}{more}" if behind else ""
    return Fix(f"build in a stage of its own and run in {split.image}{left}", changes, Applicability.UNSAFE)
