"""What a split is: the values that languages, planner and writer pass to each other."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.lint.catalogue.name_patterns import matches

if TYPE_CHECKING:
    from dockerlint.lint.syntax.nodes import From, Instruction, Run


class Product(Struct, frozen=True):
    """What a build leaves that runs."""

    # a file, a pattern of files or a folder; an absolute path of the image
    path: str
    # whether it is a folder that holds nothing but what the build made
    folder: bool = False
    # whether all of it must be copied; otherwise only what the command names is
    whole: bool = False

    def holds(self, path: str) -> bool:
        """Whether a path is the product, matches it, or lies in it."""
        if path == self.path or (self.folder and path.startswith(self.path.rstrip("/") + "/")):
            return True
        return posixpath.dirname(path) == posixpath.dirname(self.path) and matches(path, self.path)


class Runtime(Struct, frozen=True):
    """An image to run in."""

    # the reference
    image: str
    # its package manager: `apt`, `apk` or `none`
    manager: str
    # whether it has a shell
    shell: bool
    # whether its distribution's release is the builder's, so that versions and libraries of packages are the same
    exact: bool
    # the packages and programs that it has
    brings: frozenset[str]
    # the folders that its PATH names
    path: tuple[str, ...]
    # the user that it runs as before any USER
    user: str = "root"


class StageBuild(Struct, frozen=True):
    """What a language's module found in a stage."""

    # the last step that builds
    last: Run
    # the folder that it builds in
    folder: str
    # what the build leaves that runs
    products: tuple[Product, ...]
    # the images to choose from, the best first; the first one that can do what the file asks for is taken
    runtimes: tuple[Runtime, ...]
    # the commands, by name or by path, that write nothing that runs outside `folder`
    own: frozenset[str] = frozenset()
    # suffixes of the names of source files, which stay behind
    sources: tuple[str, ...] = ()
    # patterns of the names of files that only a build reads, which stay behind
    manifests: tuple[str, ...] = ()
    # programs that the runtime has to start a product with, such as `java`
    programs: frozenset[str] = frozenset()
    # users that the runtime knows
    users: frozenset[str] = frozenset()
    # packages that the final stage needs to run the products
    libraries: tuple[str, ...] = ()
    # paths to copy besides the products, each with the package that makes it unnecessary when the runtime has it
    extra: tuple[tuple[str, str], ...] = ()
    # the text of instructions to add to the final stage
    lines: tuple[str, ...] = ()
    # whether the module has checked the container's command by itself
    checked: bool = False
    # programs that steps below the build may call, as what they read is in the final stage
    later: frozenset[str] = frozenset()
    # new instructions of the build stage, each with the one that it goes above
    above: tuple[tuple[Instruction, str], ...] = ()
    # new instructions for the end of the build stage
    tail: tuple[str, ...] = ()


class Split(Struct, frozen=True):
    """Two stages in place of one. What follows `last` stays where it is and ends the final stage."""

    # the FROM of the stage
    from_: From
    # the name of the build stage
    name: str
    # the last instruction of the build stage
    last: Instruction
    # the image of the final stage
    image: str
    # the first part of the final stage: instructions of the stage, and the text of new ones
    head: tuple[Instruction | str, ...]
    # those of `head` that leave the build stage
    moved: frozenset[Instruction]
    # what the final image no longer has, as messages say it
    behind: tuple[str, ...]
    # instructions that are deleted from both stages
    removed: frozenset[Instruction] = frozenset()
    # new instructions of the build stage, each with the one that it goes above
    above: tuple[tuple[Instruction, str], ...] = ()
    # new instructions for the end of the build stage
    tail: tuple[str, ...] = ()
