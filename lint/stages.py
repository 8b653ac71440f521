"""The stage graph: who builds on whom, what is copied from where, what the target needs."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from .mounts import mounts
from .nodes import Copy, From, Onbuild, Run, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .nodes import Dockerfile, Instruction


class StageGraph(Struct, frozen=True, dict=True):
    """The stages of a file and what each takes from the others."""

    stages: tuple[Stage, ...]
    target_name: str | None = None

    @classmethod
    def of(cls, doc: Dockerfile, target: str | None = None) -> StageGraph:
        """The graph of a file; `target` is a stage's name or number, the last stage when None."""
        return cls(doc.stages, target)

    @cached_property
    def target(self) -> Stage | None:
        """The stage that is built; the last one when the target's name is not known."""
        if not self.stages:
            return None
        found = self.find(self.target_name, len(self.stages)) if self.target_name else None
        return found or self.stages[-1]

    def find(self, reference: str, before: int) -> Stage | None:
        """The stage with that name or number among the first `before` ones; of equal names the last."""
        wanted = reference.lower()
        for stage in reversed(self.stages[:before]):
            if stage.name == wanted:
                return stage
        if reference.isdecimal() and int(reference) < before:
            return self.stages[int(reference)]
        return None

    def parent(self, stage: Stage) -> Stage | None:
        """The stage that this one is FROM; None when it is FROM an image. FROM knows names only, no numbers."""
        wanted = stage.from_.image.text.lower()
        return next((item for item in reversed(self.stages[: stage.index]) if item.name == wanted), None)

    def lineage(self, stage: Stage) -> tuple[Stage, ...]:
        """The stage and all it is FROM, nearest first."""
        line = [stage]
        while parent := self.parent(line[-1]):
            line.append(parent)
        return tuple(line)

    def base(self, stage: Stage) -> str:
        """The image, as written, that the stage's lineage starts from."""
        return self.lineage(stage)[-1].from_.image.text

    def sources(self, stage: Stage) -> Iterator[tuple[Instruction, str, Stage | None]]:
        """What a stage takes files from: the instruction, the reference as written, the stage or None for an image."""
        for node in stage.instructions:
            for reference in references(node):
                yield node, reference, self.find(reference, stage.index)

    @cached_property
    def needed(self) -> frozenset[int]:
        """The numbers of the stages that the target needs, the target's own among them."""
        if self.target is None:
            return frozenset()
        seen: set[int] = set()
        todo = [self.target]
        while todo:
            stage = todo.pop()
            if stage.index in seen:
                continue
            seen.add(stage.index)
            parent = self.parent(stage)
            todo.extend(item for item in (parent, *(found for _, _, found in self.sources(stage))) if item)
        return frozenset(seen)

    @cached_property
    def shipped(self) -> frozenset[int]:
        """The numbers of the stages whose layers are the image: the target and what it is FROM."""
        return frozenset(stage.index for stage in self.lineage(self.target)) if self.target else frozenset()

    @cached_property
    def results(self) -> tuple[Stage, ...]:
        """The stages that no other one takes anything from: each is an image that may be meant to be built."""
        taken = {id(found) for stage in self.stages for _, _, found in self.sources(stage)}
        taken |= {id(self.parent(stage)) for stage in self.stages}
        return tuple(stage for stage in self.stages if id(stage) not in taken or stage is self.target)

    def children(self, stage: Stage) -> Iterator[Stage]:
        """The stages that are FROM this one."""
        return (item for item in self.stages[stage.index + 1 :] if self.parent(item) is stage)


def references(node: Instruction) -> Iterator[str]:
    """The stages or images that an instruction takes files from, as written."""
    if isinstance(node, Onbuild | From):
        return
    if isinstance(node, Copy) and node.from_ is not None:
        yield node.from_
    if isinstance(node, Run):
        yield from (mount.from_ for mount in mounts(node) if mount.from_)
