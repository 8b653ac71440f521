"""The split of a stage while it is made, and the refusal that ends it early."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct, field

from . import runtime_images

if TYPE_CHECKING:
    from dockerlint.lint.syntax import nodes

    from .split_plan import StageBuild
    from .stage_reader import Reading


class RefusedError(Exception):
    """Why a stage cannot be split."""


class Draft(Struct):
    """The split of a stage while its instructions are sorted. Paths are absolute paths of the image."""

    # the stage
    reading: Reading
    # what the language's module found in it
    build: StageBuild
    # the first part of the final stage: instructions of the stage, and the text of new ones
    head: list[nodes.Instruction | str] = field(default_factory=list)
    # those of `head` that leave the build stage
    moved: list[nodes.Instruction] = field(default_factory=list)
    # what the final image no longer has, as messages say it
    behind: list[str] = field(default_factory=list)
    # the folders that source code is copied to, which the final stage does not have
    left: list[str] = field(default_factory=list)
    # where the final stage's own COPYs write
    kept: list[str] = field(default_factory=list)
    # what the final stage copies from the build stage, each path with its place in the final stage
    copies: dict[str, str] = field(default_factory=dict)
    # what the final stage installs, as the file writes it, with versions
    packages: list[str] = field(default_factory=list)
    # the packages that the stage installs, without versions
    had: set[str] = field(default_factory=set)
    # the operands of the commands with which the final stage creates users, their names among them
    users: set[str] = field(default_factory=set)
    # the programs that the final stage's steps, HEALTHCHECK and command call
    programs: set[str] = field(default_factory=set)
    # whether something in the final stage needs a shell
    shell: bool = False
    # whether recommended packages are installed too, as the stage did
    recommends: bool = False

    def is_product(self, path: str) -> bool:
        """Whether a path is what the build makes, or a folder that it lies in."""
        return any(item.holds(path) or item.path.startswith(path.rstrip("/") + "/") for item in self.build.products)

    def in_tree(self, path: str) -> bool:
        """Whether a path lies in the folder of the build or in a source tree."""
        return any(lies_in(path, top) for top in (self.build.folder, *self.left) if top != "/")

    def stays(self, path: str) -> bool:
        """Whether what lies at a path is the build's own business."""
        return self.in_tree(path) or any(lies_in(path, top) for top in runtime_images.data()["build-only"]["folders"])


def lies_in(path: str, top: str) -> bool:
    """Whether a path is a folder or below it."""
    return path == top or path.startswith(top.rstrip("/") + "/")
