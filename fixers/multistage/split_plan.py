"""What a split is: the values that languages, planner and writer pass to each other."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from msgspec import Struct

from dockerlint.lint.catalogue.name_patterns import matches

if TYPE_CHECKING:
    from dockerlint.lint.syntax.nodes import From, Instruction, Run


class Product(Struct, frozen=True):
    """What a build leaves that runs: a file, a pattern of files, or a folder in which all is made by the build.

    Of a folder only what the command names is copied, unless it must stay together (`whole`).
    """

    path: str
    folder: bool = False
    whole: bool = False

    def holds(self, path: str) -> bool:
        """Whether a path is the product, matches it, or lies in it."""
        if path == self.path or (self.folder and path.startswith(self.path.rstrip("/") + "/")):
            return True
        return posixpath.dirname(path) == posixpath.dirname(self.path) and matches(path, self.path)


class Runtime(Struct, frozen=True):
    """An image to run in. `brings` are the packages and programs that it has; `manager` is `apt`, `apk` or `none`.

    `exact` says that its distribution's release is the builder's. `path` are the folders that its PATH names, `user` is who it
    runs as before any USER.
    """

    image: str
    manager: str
    shell: bool
    exact: bool
    brings: frozenset[str]
    path: tuple[str, ...]
    user: str = "root"


class StageBuild(Struct, frozen=True):
    """What a language's module found in a stage.

    `last` is the last step that builds, `folder` the one it builds in. `runtimes` are the images to choose from, best first: the
    first one that can do what the file asks is taken. `own` are the names of commands that write nothing that runs, but in
    `folder`; `sources` are the suffixes of source files, `manifests` the names of files that only a build reads; they stay
    behind. `programs` are what the runtime has to start a product with, such as `java`, `users` those that it knows. `libraries` are packages to install,
    `extra` are paths to copy besides the products, each unless the runtime has the package named with it, `lines` instructions
    to add.

    `checked` says that the module has looked at the command by itself, `later` are programs that steps below the build may call,
    for what they read is in the final stage. `above` are instructions to put above one of the build stage, `tail` those for its end.
    """

    last: Run
    folder: str
    products: tuple[Product, ...]
    runtimes: tuple[Runtime, ...]
    own: frozenset[str] = frozenset()
    sources: tuple[str, ...] = ()
    manifests: tuple[str, ...] = ()
    programs: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    libraries: tuple[str, ...] = ()
    extra: tuple[tuple[str, str], ...] = ()
    lines: tuple[str, ...] = ()
    checked: bool = False
    later: frozenset[str] = frozenset()
    above: tuple[tuple[Instruction, str], ...] = ()
    tail: tuple[str, ...] = ()


class Split(Struct, frozen=True):
    """Two stages in place of one.

    The build stage is called `name` and ends with `last`; the final one starts with `image`, then has `head`: the text of a
    new instruction, or one of the build stage. Of those, the ones in `moved` leave the build stage. `removed` goes for good,
    wherever it stands. What follows `last` stays where it is, and is the end of the final stage. `behind` names what the
    final image no longer has. `above` are new instructions of the build stage, each above one of its own, `tail` those at its end.
    """

    from_: From
    name: str
    last: Instruction
    image: str
    head: tuple[Instruction | str, ...]
    moved: frozenset[Instruction]
    behind: tuple[str, ...]
    removed: frozenset[Instruction] = frozenset()
    above: tuple[tuple[Instruction, str], ...] = ()
    tail: tuple[str, ...] = ()
