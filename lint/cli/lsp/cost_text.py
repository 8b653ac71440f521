"""What a step costs, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.cost.cost_report import duration, size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.fixers.cost.bounded import Amount
    from dockerlint.fixers.cost.cost_model import StepCost
    from dockerlint.lint.syntax.nodes import Instruction

    from .file_setup import FileView

COLD = "cold"
LEAST_SECONDS = 0.1


def steps(view: FileView) -> Iterator[tuple[Instruction, StepCost]]:
    """The instructions that are steps of the build, with what they cost; none where that is not known."""
    if view.cost is None:
        return
    for step, cost in zip(view.cost.plan.graph.steps, view.cost.steps, strict=True):
        # an image that another instruction needs is pulled on its own
        if not step.is_pull or step.node.name == "FROM":
            yield step.node, cost


def step_at(view: FileView, node: Instruction) -> StepCost | None:
    """What an instruction costs; None for one that is no step."""
    return next((cost for other, cost in steps(view) if other.span == node.span), None)


def again(cost: StepCost) -> list[str]:
    """The scenarios in which a step runs again, but for that in which all do."""
    return [name for name in cost.reruns_in if name != COLD]


def brief(cost: StepCost) -> str:
    """`+45 MB · 12 s · again on source edit`, without what is nothing; perhaps empty."""
    said = [f"{'+' if cost.adds.is_complete else ''}{size(cost.adds)}"] if _is_some(cost.adds, 1) else []
    said += [duration(cost.seconds)] if _is_some(cost.seconds, LEAST_SECONDS) else []
    if said and again(cost):
        said.append(f"again on {', '.join(again(cost))}")
    return " · ".join(said)


def told(cost: StepCost) -> str:
    """The same as a paragraph for people, in Markdown."""
    lines = [f"adds **{size(cost.adds)}**, takes **{duration(cost.seconds)}**"]
    if cost.wasted.mid > 0:
        lines.append(f"wasted: {size(cost.wasted)}")
    if cost.seconds_warm.mid < cost.seconds.mid:
        lines.append(f"with filled cache mounts: {duration(cost.seconds_warm)}")
    names = again(cost)
    lines.append(f"runs again on: {', '.join(names)}" if names else "runs again with an empty cache only")
    return "  \n".join(lines)


def _is_some(amount: Amount, least: float) -> bool:
    return amount.mid >= least or not amount.is_complete
