"""`ARG SOURCE_DATE_EPOCH` before the first FROM: the time that the builder gives the files of the image.

It is a number of seconds, `context` (the time of the commit that is built), or a stage that only adds one remote source, whose
time it is. Source: BuildKit, frontend/dockerfile/dockerfile2llb/epoch.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dockerlint.lint.syntax import nodes
from dockerlint.lint.syntax.git_reference import GitReference
from dockerlint.lint.syntax.go_values import integer
from dockerlint.lint.syntax.nodes import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .facts import Facts

NAME = "SOURCE_DATE_EPOCH"
CONTEXT = "context"
REMOTE = ("http://", "https://")
SECONDS_BITS = 64


def epoch_problem(facts: Facts) -> Iterator[Problem]:
    """What the builder refuses of the variable's value, or of the stage that it names."""
    pairs = (pair for node in facts.doc.preamble if isinstance(node, nodes.Arg) for pair in node.pairs)
    pair = next((pair for pair in reversed([*pairs]) if pair.key.text == NAME), None)
    value = facts.global_args.get(NAME)
    if pair is None or not value or value == CONTEXT or integer(value, SECONDS_BITS) is not None:
        return
    stage = next((stage for stage in facts.doc.stages if stage.name == value.lower()), None)
    if stage is None:
        yield Problem(
            pair.span, f"{NAME}={value}: it must be a number of seconds since 1970, `{CONTEXT}` or the name of a stage"
        )
        return
    yield from _source_stage(facts, stage)


def _source_stage(facts: Facts, stage: nodes.Stage) -> Iterator[Problem]:
    if facts.expand_global(stage.from_.image.text) not in ("scratch", None):
        yield Problem(stage.from_.image.span, f"the stage of {NAME} must be FROM scratch")
        return
    adds = [node for node in stage.instructions if isinstance(node, nodes.Add)]
    other = next((node for node in stage.instructions if not isinstance(node, nodes.Add | nodes.Arg)), None)
    if other:
        yield Problem(other.keyword.span, f"the stage of {NAME} takes ARG and one ADD only, not {other.name}")
    elif len(adds) != 1 or len(adds[0].paths) != 1 or adds[0].heredocs:
        yield Problem(stage.from_.span, f"the stage of {NAME} needs exactly one ADD, of one remote source")
    else:
        source = facts.expand(adds[0].paths[0].text, adds[0])
        if source is not None and not source.startswith(REMOTE) and not GitReference.parse(source):
            yield Problem(
                adds[0].paths[0].span, f"the stage of {NAME} must ADD a download or a git repository, not {source}"
            )
