"""The builds that a compose or bake file asks for: which Dockerfile, with which context, target and arguments."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from dockerlint.lint.catalogue.name_patterns import matches_any
from dockerlint.lint.storage.boundaries import GIT, leads_out, repository
from dockerlint.lint.storage.lazy_regex import regex
from dockerlint.lint.syntax.source import MOST_SETTINGS, is_file, reason, whole

from .build_spec import BuildFileError, BuildSpec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


COMPOSE = tuple(
    f"{name}.{ending}" for name in ("compose", "compose.*", "docker-compose*") for ending in ("yaml", "yml")
)
BAKE = tuple(f"{name}.{ending}" for name in ("docker-bake", "docker-bake.*") for ending in ("hcl", "json"))
# Most files of a run have one of few names.
MOST_NAMES = 1000
# Contexts that are no folder. Source: Docker's "Build context": Git repositories, tarballs, images, other targets.
REMOTE = regex(r"[a-z][a-z0-9+.-]+:|git@|github\.com/", re.IGNORECASE)
LOCAL = "cwd://"


class FileBuild(Struct, frozen=True):
    """One build: `target` None is the last stage; `args` holds those whose values are known."""

    name: str
    dockerfile: Path
    context: Path
    target: str | None = None
    args: Mapping[str, str] = field(default_factory=dict)

    @property
    def layer(self) -> dict[str, Any]:
        """The build as a partial configuration."""
        return {"context": self.context, "target": self.target, "build_args": dict(self.args)}


class Builds(Struct, frozen=True):
    """The builds of a file; a sentence for each that is passed over, and for each that cannot be built."""

    builds: tuple[FileBuild, ...] = ()
    notes: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()

    def layers(self) -> dict[Path, list[dict[str, Any]]]:
        """The different ways in which each Dockerfile is built, in the file's order."""
        found: dict[Path, list[dict[str, Any]]] = {}
        for build in self.builds:
            ways = found.setdefault(build.dockerfile, [])
            if build.layer not in ways:
                ways.append(build.layer)
        return found


@lru_cache(MOST_NAMES)
def is_build_file(name: str) -> bool:
    """Whether a file of this name says what is built, and is no Dockerfile."""
    return matches_any(name, (*COMPOSE, *BAKE))


def read(path: Path, env: Mapping[str, str]) -> Builds:
    """The builds of a compose or bake file; variables have their values from `env`. What is wrong is told, not raised.

    Paths are relative to the file's folder; those of a bake file to the current one when the Dockerfile is only there.
    """
    builds: list[FileBuild] = []
    notes: list[str] = []
    errors: list[str] = []
    try:
        for recipe in _recipes(path, env):
            where = f"{path}: {recipe.name}"
            why_not = _why_not(recipe)
            if why_not:
                notes.append(f"{where}: not checked: {why_not}")
                continue
            build = _build(recipe, _folders(path, recipe))
            if is_file(build.dockerfile):
                astray = _astray(path, build)
                notes.extend([f"{where}: not checked: {astray}"] if astray else [])
                builds.extend([] if astray else [build])
            elif not recipe.is_base:
                errors.append(f"{where}: no Dockerfile at {build.dockerfile}")
    except BuildFileError as error:
        errors.append(str(error))
    except RecursionError:
        errors.append(f"{path}: nested too deeply")
    return Builds(tuple(builds), tuple(notes), tuple(errors))


def _recipes(path: Path, env: Mapping[str, str]) -> Iterator[BuildSpec]:
    text = _text(path)
    if matches_any(path.name, BAKE):
        from . import bake

        yield from bake.recipes(text, str(path), env)
        return
    from . import compose

    yield from compose.recipes(text, str(path), env)


def _text(path: Path) -> str:
    try:
        data = whole(path, MOST_SETTINGS)
    except OSError as error:
        raise BuildFileError(f"{path}: cannot be read: {reason(error)}") from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BuildFileError(f"{path}: this is not UTF-8 (byte 0x{data[error.start]:02x})") from error


def _why_not(recipe: BuildSpec) -> str:
    if recipe.why_not:
        return recipe.why_not
    if recipe.context is None or recipe.dockerfile is None:
        return "a variable in its context or dockerfile has no value here"
    if "\0" in recipe.context + recipe.dockerfile:
        return "its context or dockerfile has a NUL character"
    if REMOTE.match(recipe.context.removeprefix(LOCAL)):
        return f"its context, {recipe.context}, is not on this machine"
    return ""


def _astray(path: Path, build: FileBuild) -> str:
    """Why a build that a file names is not looked at: it leads out of its repository, and of the current folder too.

    A context outside is the file's business where there is no repository; a Dockerfile is then in the context or beside the file.
    """
    top = repository(str(path.parent))
    tops = [top, "."]
    if os.path.exists(os.path.join(top, GIT)):  # noqa: PTH110, PTH118
        if all(leads_out(str(build.context), folder) for folder in tops):
            return f"its context leads out of the repository; to check it, name {build.dockerfile} with --context"
    else:
        tops.append(str(build.context))
    if all(leads_out(str(build.dockerfile), folder) for folder in tops):
        return f"its Dockerfile leads out of the repository; to check it, name {build.dockerfile}"
    return ""


def _folders(path: Path, recipe: BuildSpec) -> tuple[Path, ...]:
    """The folders that a context may be relative to, the likeliest first."""
    if not matches_any(path.name, BAKE):
        return (path.parent,)
    is_local = (recipe.context or "").startswith(LOCAL)
    return (Path(),) if is_local else (path.parent, Path())


def _build(recipe: BuildSpec, folders: tuple[Path, ...]) -> FileBuild:
    """The build in the first of the folders that has the Dockerfile, else in the first."""
    context = Path((recipe.context or ".").removeprefix(LOCAL))
    contexts = [root / context for root in folders]
    files = [folder / (recipe.dockerfile or "Dockerfile") for folder in contexts]
    at = next((at for at, file in enumerate(files) if is_file(file)), 0)
    return FileBuild(recipe.name, _clean(files[at]), _clean(contexts[at]), recipe.target, recipe.args)


def _clean(path: Path) -> Path:
    """The path without detours, unless a link makes it lead elsewhere then."""
    clean = Path(os.path.normpath(path))
    try:
        return clean if clean.resolve() == path.resolve() else path
    except (OSError, RuntimeError):
        # RuntimeError: a loop of links
        return path
