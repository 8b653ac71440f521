"""What is gathered while a stage is gone through, and how that ends early."""

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


class Gathered(Struct):
    """What is gathered while the stage is gone through: `left` are the folders that stay behind, `kept` paths that do not.

    `copies` are paths of the build stage with their place in the final one, `packages` are to be installed there, `had` are those
    that the build installs; `recommends` says that they come with what they recommend. `users` are the names that steps of the
    final stage create, `programs` what those steps and HEALTHCHECK call; `shell` says that something there needs one.
    """

    reading: Reading
    build: StageBuild
    head: list[nodes.Instruction | str] = field(default_factory=list)
    moved: list[nodes.Instruction] = field(default_factory=list)
    behind: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    copies: dict[str, str] = field(default_factory=dict)
    packages: list[str] = field(default_factory=list)
    had: set[str] = field(default_factory=set)
    users: set[str] = field(default_factory=set)
    programs: set[str] = field(default_factory=set)
    shell: bool = False
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
