"""The build graph: the steps that the builder runs for a target, and what each of them reads.

Metadata (LABEL, EXPOSE, CMD, ...) makes no step. CopySource: BuildKit, frontend/dockerfile/dockerfile2llb.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.lint.analysis.stages import references
from dockerlint.lint.context.dockerignore import BELOW, clean_path
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax import nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dockerlint.lint.analysis.facts import Facts

URL = regex(r"https?://", re.IGNORECASE)
GIT = regex(r"(?:https?://[^#]*\.git(?:[#?].*)?$|git@|git://|ssh://git)", re.IGNORECASE)
# Stands in a pattern for text that nobody knows: no file's name holds it.
HOLE = "\0"
VARIABLE = regex(r"\$(?:\w+|\{[^}]*\}?)")


class Origin(Enum):
    """Where a step reads from, besides the step before it."""

    CONTEXT = "context"
    STEP = "step"
    REMOTE = "remote"
    UNKNOWN = "unknown"


class CopySource(Struct, frozen=True):
    """Something that a step reads besides the step that it stands on."""

    # where it is
    origin: Origin
    # the path or pattern, URL, stage or image as far as it is known; with a HOLE where a variable
    # decides it; None when nothing else is left: it may be any file
    pattern: str | None = None
    # the number of the step whose result is read, for STEP; None for the others
    step: int | None = None


class Step(Struct, frozen=True):
    """One thing that the builder does: pull an image, run a script, copy files, make a folder."""

    # its place in the build graph, from 0
    number: int
    # the number of the stage that it is part of or is pulled for, from 0
    stage: int
    # the instruction that it comes from; for a pull, the one that names the image
    node: nodes.Instruction
    # the number of the step that it stands on; None for the first one of a chain
    parent: int | None
    # what it reads besides
    sources: tuple[CopySource, ...] = ()
    # the image that it pulls, "" when the build decides which; None when it is no pull
    image: str | None = None
    # whether its bytes are part of the target's image
    ships: bool = False
    # the bytes of the image that it fetches; None where no registry told
    pulled: int | None = None

    @property
    def is_pull(self) -> bool:
        """Whether it fetches an image."""
        return self.image is not None

    @property
    def is_linked(self) -> bool:
        """Whether it is a copy that does not depend on what lies below it (`--link`)."""
        return isinstance(self.node, nodes.Copy) and is_true(self.node.flag("link"))

    @property
    def waits_for(self) -> tuple[int, ...]:
        """The numbers of the steps that must be done before it: the one it stands on, and those it reads from."""
        before = (self.parent, *(source.step for source in self.sources))
        return tuple(number for number in before if number is not None)

    @property
    def pinned(self) -> bool:
        """Whether a pull names its image by digest, so that it never moves."""
        return self.image is not None and "@" in self.image


class BuildGraph(Struct, frozen=True):
    """The steps that a target needs."""

    # in the order of the file, each after all that it reads
    steps: tuple[Step, ...]
    # the number of the step whose result is the target; None when the target has no steps
    last: int | None

    @classmethod
    def of(cls, facts: Facts) -> BuildGraph:
        """The steps that the target of `facts` needs."""
        return _Builder(facts).build()

    def chain(self, number: int | None) -> Iterator[Step]:
        """A step and those it stands on, the last one first."""
        while number is not None:
            step = self.steps[number]
            yield step
            number = step.parent


class _Builder:
    """Walks the stages in file order."""

    def __init__(self, facts: Facts) -> None:
        # the facts of the file
        self._facts = facts
        # the steps so far
        self._steps: list[Step] = []
        # the number of the last step of each stage so far, by the stage's number; None when it has no steps
        self._tips: dict[int, int | None] = {}
        # by image the number of the step that pulls it for a COPY --from or a mount
        self._pulls: dict[str, int] = {}

    def build(self) -> BuildGraph:
        graph = self._facts.graph
        for stage in graph.stages:
            if stage.index in graph.needed:
                self._tips[stage.index] = self._stage(stage)
        last = self._tips[graph.target.index] if graph.target else None
        return BuildGraph(tuple(self._steps), last)

    def _stage(self, stage: nodes.Stage) -> int | None:
        parent = self._facts.graph.parent(stage)
        tip = self._tips[parent.index] if parent else self._base(stage)
        for node in stage.instructions:
            if isinstance(node, nodes.Run | nodes.Copy) or (
                isinstance(node, nodes.Workdir) and self._makes_folder(node)
            ):
                sources = tuple(self._sources(node, stage))
                tip = self._add(stage, node, tip, sources)
        return tip

    def _base(self, stage: nodes.Stage) -> int | None:
        image = self._facts.expand_global(stage.from_.image.text)
        if image == "scratch":
            return None
        return self._add(stage, stage.from_, None, (), image or "")

    def _add(
        self,
        stage: nodes.Stage,
        node: nodes.Instruction,
        parent: int | None,
        sources: tuple[CopySource, ...],
        image: str | None = None,
        *,
        aside: bool = False,
    ) -> int:
        number = len(self._steps)
        ships = not aside and self._facts.ships(stage)
        self._steps.append(Step(number, stage.index, node, parent, sources, image, ships, self._pulled(stage, node, image)))
        return number

    def _pulled(self, stage: nodes.Stage, node: nodes.Instruction, image: str | None) -> int | None:
        """The bytes of an image, as its registry has them."""
        if not image:
            return None
        told = self._facts.registry_image(stage) if node is stage.from_ else self._facts.looked_up(image)
        return told.compressed_bytes if told and told.platform else None

    def _makes_folder(self, node: nodes.Workdir) -> bool:
        """The builder makes the folder, if need be, of every WORKDIR but the root."""
        return self._facts.path(node.argument.text, node) not in ("/", "//")

    def _sources(self, node: nodes.Instruction, stage: nodes.Stage) -> Iterator[CopySource]:
        for reference in references(node):
            yield self._image_or_stage(reference, node, stage)
        if isinstance(node, nodes.Copy) and node.from_ is None:
            yield from (self._copied(word.text, node) for word in node.paths)
        elif isinstance(node, nodes.Run):
            for mount in self._facts.mounts(node):
                if mount.kind == "bind" and mount.from_ is None:
                    yield CopySource(Origin.CONTEXT, self._known(mount.source or "", node))

    def _copied(self, text: str, node: nodes.Copy) -> CopySource:
        path = self._facts.expand(text, node)
        if isinstance(node, nodes.Add) and URL.match(path or text):
            return CopySource(Origin.REMOTE, path)
        if isinstance(node, nodes.Add) and GIT.match(path or text):
            return CopySource(Origin.REMOTE, path)
        return CopySource(Origin.CONTEXT, self._known(text, node))

    def _known(self, text: str, node: nodes.Instruction) -> str | None:
        """What is known of a path, with holes for what is not; None for nothing."""
        path = self._facts.expand(text, node)
        if path is not None:
            return path
        path = VARIABLE.sub(lambda match: _or_hole(self._facts.expand(match[0], node)), text)
        first, last = path.find(HOLE), path.rfind(HOLE)
        if first < 0:
            return None
        # one hole from the first variable to the last, so that to match takes no longer than to read
        path = path[:first] + HOLE + path[last + 1 :]
        return path if path.replace(HOLE, "").strip("/.") else None

    def _image_or_stage(self, reference: str, node: nodes.Instruction, stage: nodes.Stage) -> CopySource:
        found = self._facts.graph.find(reference, stage.index)
        if found is not None:
            tip = self._tips.get(found.index)
            return CopySource(Origin.STEP, reference, tip) if tip is not None else CopySource(Origin.UNKNOWN, reference)
        image = self._facts.expand(reference, node) or ""
        if image == "scratch":
            return CopySource(Origin.UNKNOWN, reference)
        if image not in self._pulls:
            self._pulls[image] = self._add(stage, node, None, (), image, aside=True)
        return CopySource(Origin.STEP, reference, self._pulls[image])


def _or_hole(value: str | None) -> str:
    return HOLE if value is None else value


def with_holes(pattern: str) -> re.Pattern[str]:
    """The expression for the paths that a pattern with holes may stand for, and for all that is below them."""
    parts = (re.escape(part) for part in clean_path(pattern).split(HOLE))
    # a hole may hold nothing, and then takes a slash with it
    text = ".*".join(parts).replace("/.*/", "/(?:.*/)?")
    text = re.sub(r"\A\.\*/", "(?:.*/)?", text)
    return re.compile(text + BELOW, re.DOTALL)


def is_true(flag: nodes.Flag | None) -> bool:
    """Whether a flag that needs no value is on."""
    return flag is not None and (flag.value is None or flag.value.lower() not in ("false", "0", "f"))
