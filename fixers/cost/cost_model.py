"""What a Dockerfile costs, as a value: figures of each step, of the image, and of each scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.lint.analysis.facts import Facts
from dockerlint.lint.syntax import nodes

from .bounded import Amount, total, worst
from .build_graph import BuildGraph
from .copy_selections import Selections
from .scenarios import play
from .step_sizes import measured_sizes, sizes
from .step_times import measured_times, times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dockerlint.lint.catalogue.basis import Basis
    from dockerlint.lint.context.commit_history import History
    from dockerlint.lint.syntax.nodes import Dockerfile

    from .build_graph import Step
    from .measured import Measurements
    from .replay import Replay
    from .scenarios import ScenarioOutcome
    from .step_times import StepTimes

MOST_TEXT = 120


class StepCost(Struct, frozen=True):
    """The figures of one step."""

    # the first line of its instruction in the file, from 1
    line: int
    # the last one
    end_line: int
    # the number of its stage, from 0
    stage: int
    # its text on one line, cut after MOST_TEXT characters
    instruction: str
    # bytes that it adds to the image, uncompressed
    adds: Amount
    # bytes that are pushed and pulled, compressed; 0 when the step is not part of the image
    ships: Amount
    # bytes of `adds` that nobody sees or needs
    wasted: Amount
    # with empty cache mounts
    seconds: Amount
    # with filled cache mounts
    seconds_warm: Amount
    # the names of the scenarios in which it runs again
    reruns_in: tuple[str, ...]

    @property
    def basis(self) -> Basis | None:
        """The worst basis of its figures; None when nothing is known."""
        return worst((self.adds, self.ships, self.wasted, self.seconds, self.seconds_warm))


class ImageCost(Struct, frozen=True):
    """The bytes of the whole image, its base included."""

    # uncompressed
    adds: Amount
    # as pushed and pulled, compressed
    ships: Amount
    # bytes of `adds` that nobody sees or needs
    wasted: Amount


class ScenarioCost(Struct, frozen=True):
    """The figures of one scenario."""

    # such as `source edit`; see scenarios.toml
    name: str
    # its share of all builds, 0 to 1
    weight: float
    # of the build
    seconds: Amount
    # bytes to push after the build, compressed
    pushed: Amount
    # the number of steps that run again, all that may when it is not always the same ones
    steps_rerun: int


class CostPlan(Struct, frozen=True):
    """What an estimate was made from, for those who draw it."""

    # the steps and what they wait for
    graph: BuildGraph
    # the seconds of each step, in the order of the graph
    times: tuple[StepTimes, ...]
    # the steps that run again in each scenario, and the figures of that
    outcomes: tuple[ScenarioOutcome, ...]
    # the names of all stages of the file; None for a stage without one
    stages: tuple[str | None, ...]


class Expected(Struct, frozen=True):
    """Figures of a build, averaged over the scenarios by their weights."""

    # of the build
    seconds: Amount
    # bytes to push after the build, compressed
    pushed: Amount


class Estimate(Struct, frozen=True):
    """The answer of the cost model for one file."""

    # the name to show
    file: str
    # the name of the stage that is built; None when it has none
    target: str | None
    # the bytes of the image
    image: ImageCost
    # the figures of each step, in the order of the plan's graph
    steps: tuple[StepCost, ...]
    # the figures of each scenario, in the order of scenarios.toml
    scenarios: tuple[ScenarioCost, ...]
    # the figures of an average build
    expected: Expected
    # what the figures were made from
    plan: CostPlan
    # what commits of the history would have cost; None when no history was given
    replay: Replay | None = None
    # how many steps have measured figures; None when no measurements were given
    measured: int | None = None

    def scenario(self, name: str) -> ScenarioCost:
        """A scenario by name; raises KeyError when there is none of that name."""
        for item in self.scenarios:
            if item.name == name:
                return item
        raise KeyError(f"no scenario {name!r}")


def estimate(
    doc: Dockerfile,
    facts: Facts | None = None,
    *,
    file: str = "-",
    network: Amount | None = None,
    machine: float = 1.0,
    selections: Selections | None = None,
    history: History | None = None,
    measured: Measurements | None = None,
) -> Estimate:
    """What a Dockerfile costs, without building it.

    `facts` bring the context, the target and the build arguments; `file` is the name to show; `network` is the rate of
    downloads in bytes a second, the stated default when None, `machine` how many times as fast as the one of the figures
    the machine is; `selections` are those of an earlier estimate with the same context, which saves looking the files up
    again; `history` are commits of the context, which then say how often each scenario happens; `measured` are figures
    that take the place of estimated ones. What is not known is not invented: see `Amount`.
    """
    facts = facts or Facts(doc)
    selections = selections or Selections(facts.context)
    graph = BuildGraph.of(facts)
    rows = sizes(graph, facts, selections)
    steps = times(rows, network, machine)
    figures = measured.on(graph, facts) if measured is not None else {}
    if figures:
        rows, steps = measured_sizes(rows, graph, figures), measured_times(steps, figures)
    outcomes = play(graph, rows, steps, selections)
    replayed = None
    if history is not None:
        from .replay import replay, weighted

        replayed = replay(graph, rows, steps, facts, history)
        outcomes = weighted(outcomes, replayed)
    costs = tuple(
        StepCost(
            doc.line(step.node.span.start),
            doc.line(max(step.node.span.end - 1, step.node.span.start)),
            step.stage,
            _text(step, doc),
            row.adds,
            row.ships,
            row.wasted,
            seconds.cold,
            seconds.warm,
            tuple(item.scenario.name for item in outcomes if step.number in item.again),
        )
        for step, row, seconds in zip(graph.steps, rows, steps, strict=True)
    )
    shipped = [cost for step, cost in zip(graph.steps, costs, strict=True) if step.ships]
    image = ImageCost(*(total(amounts) for amounts in _columns(shipped)))
    target = facts.graph.target
    scenarios = tuple(_scenario(item) for item in outcomes)
    name = target.name if target else None
    looked = len(figures) if measured is not None else None
    plan = CostPlan(graph, steps, outcomes, tuple(stage.name for stage in facts.graph.stages))
    return Estimate(file, name, image, costs, scenarios, _expected(scenarios), plan, replayed, looked)


def _columns(costs: Sequence[StepCost]) -> tuple[list[Amount], list[Amount], list[Amount]]:
    return [cost.adds for cost in costs], [cost.ships for cost in costs], [cost.wasted for cost in costs]


def _scenario(item: ScenarioOutcome) -> ScenarioCost:
    return ScenarioCost(item.scenario.name, item.scenario.weight, item.seconds, item.pushed, len(item.again))


def _expected(scenarios: Sequence[ScenarioCost]) -> Expected:
    return Expected(
        total(item.seconds * item.weight for item in scenarios), total(item.pushed * item.weight for item in scenarios)
    )


def _text(step: Step, doc: Dockerfile) -> str:
    """The instruction on one line; of an image that another instruction needs, the pull."""
    if step.is_pull and not isinstance(step.node, nodes.From):
        return f"FROM {step.image}"
    source = "".join(doc.source(piece) for piece in doc.pieces(step.node.span))
    text = " ".join(source.split())
    return text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 3] + "..."
