"""Releases of the Dockerfile language: what came with which, and which builders have it."""

from __future__ import annotations

from functools import cache
from typing import Literal, NamedTuple, TypeAlias

from msgspec import Struct, convert

from dockerlint.lint.storage.lazy_regex import regex

from .tables import table

Answer: TypeAlias = Literal["takes", "refuses", "ignores", "unknown"]

TABLE = "lint/catalogue/data/builder_features.toml"
# `# syntax=docker/dockerfile:1.4`, with or without the registry and a patch release.
SYNTAX = regex(r"(?:docker\.io/)?docker/dockerfile(?:-upstream)?(?::(?:latest|(?P<version>1(?:\.\d{1,3}){0,2})?(?P<labs>-?labs)?))?(?:@.*)?\Z")
VERSION = regex(r"1(?:\.(?P<minor>\d{1,3}))?(?:\.\d{1,3})?(?P<labs>-labs)?\Z")
NEWEST = 999


class Release(NamedTuple):
    """A release 1.`minor` of the language; `labs` where it is one of the labs channel, which knows more."""

    minor: int
    labs: bool = False

    @classmethod
    def parse(cls, text: str) -> Release | None:
        """A release as `1.4`, `1.4.2` or `1.7-labs`; `1` is the newest. None for what is none."""
        match = VERSION.match(text)
        if match is None:
            return None
        return cls(NEWEST if match["minor"] is None else int(match["minor"]), match["labs"] is not None)

    @classmethod
    def of_syntax(cls, value: str) -> Release | None:
        """The release that a `syntax` directive asks for; None for another language, whose features are not known."""
        match = SYNTAX.match(value)
        if match is None:
            return None
        version = match["version"] or "1"
        return cls.parse("-".join((version, "labs")) if match["labs"] else version)

    def __str__(self) -> str:
        return f"1.{self.minor}{'-labs' if self.labs else ''}"


class Feature(Struct, frozen=True):
    """Something that a builder may not know yet; `frontend` is None while only labs releases have it.

    `refused` says that a builder without it refuses the file; else it does something that is not meant.
    """

    name: str
    what: str
    buildah: Answer
    kaniko: Answer
    classic: Answer
    source: str
    example: str
    frontend: str | None = None
    labs: str | None = None
    refused: bool = True

    @property
    def release(self) -> Release:
        """The first release that has it for good; the first labs one where there is none."""
        found = Release.parse(self.frontend) if self.frontend else Release.parse(f"{self.labs}-labs")
        assert found, self.name
        return found

    def known_to(self, release: Release) -> bool:
        """Whether a release has it."""
        if self.frontend and release.minor >= self.release.minor:
            return True
        tried = Release.parse(self.labs) if self.labs else None
        return release.labs and tried is not None and release.minor >= tried.minor


class BuiltIn(Struct, frozen=True):
    """The first releases of BuildKit and the Docker Engine that have a release of the language built in."""

    frontend: str
    buildkit: str
    engine: str

    @property
    def minor(self) -> int:
        """The language's release 1.`minor`."""
        return int(self.frontend.partition(".")[2])


@cache
def features() -> dict[str, Feature]:
    """All that came after the first release, by name."""
    return {item.name: item for item in convert(table(TABLE)["feature"], tuple[Feature, ...])}


@cache
def built_in() -> tuple[BuiltIn, ...]:
    """The engines, oldest first."""
    return convert(table(TABLE)["release"], tuple[BuiltIn, ...])


def engine_of(minor: int) -> str | None:
    """The least Docker Engine with a release of the language built in; None where none is known."""
    return next((item.engine for item in built_in() if item.minor >= minor), None)


def buildkit_of(minor: int) -> str:
    """The least BuildKit with a release of the language built in."""
    return next((item.buildkit for item in built_in() if item.minor == minor), f"0.{minor + 6}")
