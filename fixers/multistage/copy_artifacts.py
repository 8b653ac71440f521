"""What goes along with a build's products into the final stage: configuration, users, packages, certificates and data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.fixers.refusal import Refusal
from dockerlint.lint.syntax import nodes

from .draft import Draft, RefusedError
from .entry_products import launches_of, take_products
from .final_stage import check_users, choose_runtime, install, trusted, variables_of, without_idle
from .named_files import carry_data
from .split_plan import Split
from .step_roles import check_below, sort

if TYPE_CHECKING:
    from .split_plan import StageBuild
    from .stage_reader import Reading

STAGE_NAME = "build"


def carry(reading: Reading, build: StageBuild) -> Split | Refusal:
    """The split of a stage; why there is none, where the file does not say what must go along."""
    try:
        return _carry(reading, build)
    except RefusedError as refused:
        return Refusal(str(refused))


def _carry(reading: Reading, build: StageBuild) -> Split:
    plan = Draft(reading, build)
    cut = build.last.span.end
    above = [node for node in reading.stage.instructions if node.span.end <= cut]
    below = [node for node in reading.stage.instructions if node.span.start >= cut]
    for node in reading.stage.instructions:
        if isinstance(node, nodes.Onbuild | nodes.Bad):
            raise RefusedError(f"`{reading.facts.brief(node)}` is for images made on this one")
    launches = launches_of(plan)
    take_products(plan, launches)
    for node in above:
        sort(plan, node)
    for node in below:
        check_below(plan, node)
    carry_data(plan, launches)
    check_users(plan)
    runtime = choose_runtime(plan)
    plan.head = [*variables_of(plan, below), *without_idle(plan.head, below)]
    certificates = trusted(plan, runtime)
    install(plan, runtime)
    there = runtime.brings.union(plan.packages)
    more = [path for path, package in build.extra if package not in there]
    pairs = {**plan.copies, **{path: path for path in (*more, *certificates)}}
    brought = [f"COPY --from={_name(reading)} {source} {target}" for source, target in pairs.items()]
    # in front of the first USER, who may not be allowed to do what the lines do
    place = next((at for at, item in enumerate(plan.head) if isinstance(item, nodes.User)), len(plan.head))
    plan.head[place:place] = [*brought, *build.lines]
    if not any(reading.stage.all(nodes.Workdir)) and (workdir := reading.workdir()) not in ("/", None):
        plan.head.append(f"WORKDIR {workdir}")
    return Split(
        reading.stage.from_,
        _name(reading),
        build.last,
        runtime.image,
        tuple(plan.head),
        frozenset(plan.moved),
        tuple(dict.fromkeys(plan.behind)),
        above=build.above,
        tail=build.tail,
    )


def _name(reading: Reading) -> str:
    return reading.stage.from_.alias.text if reading.stage.from_.alias else STAGE_NAME
