"""The stage graph: who builds on whom, what is copied from where, what the target needs."""

from __future__ import annotations

from bisect import bisect_left
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.lint.syntax.nodes import Copy, From, Onbuild, Run, Stage
from dockerlint.lint.syntax.run_mounts import mounts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.syntax.nodes import Dockerfile, Instruction


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
        named = self._last(reference.lower(), before)
        if named is not None:
            return named
        if reference.isdecimal() and int(reference) < before:
            return self.stages[int(reference)]
        return None

    def parent(self, stage: Stage) -> Stage | None:
        """The stage that this one is FROM; None when it is FROM an image. FROM knows names only, no numbers, and in lower case only."""
        return self._parents[stage.index]

    @cached_property
    def _parents(self) -> tuple[Stage | None, ...]:
        return tuple(self._last(stage.from_.image.text, stage.index) for stage in self.stages)

    @cached_property
    def _roots(self) -> tuple[Stage, ...]:
        """By number, the stage that a stage's lineage starts from."""
        found: list[Stage] = []
        for stage, parent in zip(self.stages, self._parents, strict=True):
            found.append(found[parent.index] if parent else stage)
        return tuple(found)

    @cached_property
    def _children(self) -> dict[int, list[Stage]]:
        found: dict[int, list[Stage]] = {}
        for stage, parent in zip(self.stages, self._parents, strict=True):
            if parent:
                found.setdefault(parent.index, []).append(stage)
        return found

    @cached_property
    def _numbers(self) -> dict[str, list[int]]:
        """The numbers of the stages of a name, in order."""
        found: dict[str, list[int]] = {}
        for stage in self.stages:
            if stage.name is not None:
                found.setdefault(stage.name, []).append(stage.index)
        return found

    def _last(self, name: str, before: int) -> Stage | None:
        """The last stage of that name among the first `before` ones."""
        numbers = self._numbers.get(name, [])
        at = bisect_left(numbers, before)
        return self.stages[numbers[at - 1]] if at else None

    def lineage(self, stage: Stage) -> tuple[Stage, ...]:
        """The stage and all it is FROM, nearest first."""
        line = [stage]
        while parent := self.parent(line[-1]):
            line.append(parent)
        return tuple(line)

    def base(self, stage: Stage) -> str:
        """The image, as written, that the stage's lineage starts from."""
        return self._roots[stage.index].from_.image.text

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
        return iter(self._children.get(stage.index, ()))

    def descendants(self, stage: Stage) -> Iterator[Stage]:
        """The stages that are FROM this one, and those that are FROM these."""
        for child in self.children(stage):
            yield child
            yield from self.descendants(child)


def references(node: Instruction) -> Iterator[str]:
    """The stages or images that an instruction takes files from, as written."""
    if isinstance(node, Onbuild | From):
        return
    if isinstance(node, Copy) and node.from_ is not None:
        yield node.from_
    if isinstance(node, Run):
        yield from (mount.from_ for mount in mounts(node) if mount.from_)
