"""Holds two images against each other: each difference, and whether it is explained: by the fixes, or as noise."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from .ignored_differences import known
from .image_files import FILE, FOLDER, ancestors

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from .expected_changes import Aims
    from .image_files import ImageEntry

# The fields of a configuration that say how a container starts and runs. Source: OCI image specification, "Image
# Configuration"; Healthcheck, Shell and OnBuild are docker's.
FIELDS = (
    "User", "WorkingDir", "Entrypoint", "Cmd", "ExposedPorts", "Volumes", "Healthcheck", "StopSignal", "Shell", "OnBuild",
    "ArgsEscaped",
)  # fmt: skip
# those beside the configuration proper
OUTER = ("author", "architecture", "os", "variant")
# labels that come from the building itself
OWN_LABELS = ("dlint.verify", "io.buildah.version")


class Side(Enum):
    """Where a path or setting is found."""

    BEFORE = "before"
    AFTER = "after"
    BOTH = "both"


class Cause(Enum):
    """What a difference comes from: the fixes are about it, two builds of one file differ so, or nobody can say."""

    FIXES = "fixes"
    NOISE = "noise"
    UNEXPLAINED = "unexplained"


class Difference(Struct, frozen=True):
    """A path that is not the same: on which side it is, what differs where it is on both, and why. `size` is in bytes."""

    path: str
    side: Side
    what: tuple[str, ...] = ()
    size: int = 0
    cause: Cause = Cause.UNEXPLAINED
    why: str = ""


class Setting(Struct, frozen=True):
    """A setting of the image that is not the same; None where it is not set."""

    name: str
    before: Any
    after: Any
    cause: Cause = Cause.UNEXPLAINED


def compare_files(before: Mapping[str, ImageEntry], after: Mapping[str, ImageEntry], aims: Aims) -> tuple[Difference, ...]:
    """All paths that differ, by name, each explained where it can be."""
    explainers = [(pattern, why) for pattern, why in aims.patterns()]
    found = []
    for item in differences(before, after):
        match = next((why for pattern, why in explainers if pattern.match(item.path)), None)
        if match is not None:
            item = replace(item, cause=Cause.FIXES, why=match)
        elif why := _noise(item, before, after):
            item = replace(item, cause=Cause.NOISE, why=why)
        found.append(item)
    return tuple(_with_folders(found, before, after, aims))


def differences(before: Mapping[str, ImageEntry], after: Mapping[str, ImageEntry]) -> list[Difference]:
    """All paths that differ, by name, none explained."""
    found = []
    for path in sorted(before.keys() | after.keys()):
        one, other = before.get(path), after.get(path)
        if one == other:
            continue
        if one is None or other is None:
            there = one or other
            assert there
            found.append(Difference(path, Side.BEFORE if one else Side.AFTER, size=there.size))
        else:
            found.append(Difference(path, Side.BOTH, tuple(_what(one, other)), max(one.size, other.size)))
    return found


def without_noise(found: Iterable[Difference], twice: Collection[str]) -> tuple[Difference, ...]:
    """What is not explained yet and differs between two builds of the same file is noise, too."""
    return tuple(
        replace(item, cause=Cause.NOISE, why="differs between two builds of the file as it was")
        if item.cause is Cause.UNEXPLAINED and item.path in twice
        else item
        for item in found
    )


def compare_settings(before: Mapping[str, Any], after: Mapping[str, Any], aims: Aims) -> tuple[Setting, ...]:
    """The settings that differ: fields of the configuration, variables, labels, author and platform."""
    one, other = before.get("config") or {}, after.get("config") or {}
    pairs = [(name, one.get(name), other.get(name), name in aims.fields) for name in FIELDS]
    pairs += [(name, before.get(name), after.get(name), name in aims.fields) for name in OUTER]
    old, new = _variables(one), _variables(other)
    pairs += [(f"Env {name}", old.get(name), new.get(name), False) for name in sorted(old.keys() | new.keys())]
    old, new = one.get("Labels") or {}, other.get("Labels") or {}
    names = sorted((old.keys() | new.keys()) - set(OWN_LABELS))
    pairs += [(f"Label {name}", old.get(name), new.get(name), name in aims.labels) for name in names]
    return tuple(
        # what is empty is as good as not there
        Setting(name, first or None, second or None, Cause.FIXES if meant else Cause.UNEXPLAINED)
        for name, first, second, meant in pairs
        if (first or None) != (second or None)
    )


def _what(one: ImageEntry, other: ImageEntry) -> Iterable[str]:
    if one.kind != other.kind:
        yield f"{one.kind} -> {other.kind}"
        return
    if one.mode != other.mode:
        yield f"mode {one.mode:o} -> {other.mode:o}"
    if (one.uid, one.gid) != (other.uid, other.gid):
        yield f"owner {one.uid}:{one.gid} -> {other.uid}:{other.gid}"
    if one.target != other.target:
        yield f"target {one.target} -> {other.target}"
    if one.attributes != other.attributes:
        yield "extended attributes"
    if one.digest != other.digest:
        yield f"content, {one.size} -> {other.size} bytes" if one.size != other.size else "content"


def _noise(item: Difference, before: Mapping[str, ImageEntry], after: Mapping[str, ImageEntry]) -> str | None:
    """Why two builds of one file would differ in this, too; None when they would not."""
    only_content = item.side is Side.BOTH and all(what.startswith("content") for what in item.what)
    for noise in known():
        if noise.pattern.match(item.path) and (only_content or (noise.names and _is_plain(item, before, after))):
            return noise.why
    return None


def _is_plain(item: Difference, before: Mapping[str, ImageEntry], after: Mapping[str, ImageEntry]) -> bool:
    """Whether it is about files and folders that are there or not, rather than about their modes and owners."""
    kinds = {files[item.path].kind for files in (before, after) if item.path in files}
    return item.side is not Side.BOTH and kinds <= {FILE, FOLDER, "link"}


def _with_folders(
    found: Iterable[Difference], before: Mapping[str, ImageEntry], after: Mapping[str, ImageEntry], aims: Aims
) -> Iterable[Difference]:
    """A folder that is on one side only is explained when all that is in it is, and something is or was to be."""
    found = list(found)
    inner: dict[str, set[Cause]] = {}
    for item in found:
        files = before if item.side is Side.BEFORE else after
        if item.cause is not Cause.UNEXPLAINED or files[item.path].kind != FOLDER:
            for above in ancestors(item.path):
                inner.setdefault(above, set()).add(item.cause)
    for item in found:
        files = before if item.side is Side.BEFORE else after
        is_folder = item.side is not Side.BOTH and files[item.path].kind == FOLDER
        causes = inner.get(item.path, set())
        if item.cause is Cause.UNEXPLAINED and is_folder and Cause.UNEXPLAINED not in causes:
            if Cause.FIXES in causes or aims.leads_to(item.path):
                item = replace(item, cause=Cause.FIXES, why="holds what the fixes are about, and nothing else")
            elif Cause.NOISE in causes:
                item = replace(item, cause=Cause.NOISE, why="holds noise, and nothing else")
        yield item


def _variables(config: Mapping[str, Any]) -> dict[str, str]:
    pairs = [str(item).partition("=") for item in config.get("Env") or ()]
    return {name: value for name, _, value in pairs}
