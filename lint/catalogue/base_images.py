"""What a base image brings: user, shell, package manager, distribution, tools, sizes; read from `data/images.toml`."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any

from msgspec import Struct

from dockerlint.lint.storage.lazy_regex import regex

from . import tables
from .basis import Basis

DATA = "lint/catalogue/data/images.toml"
DEFAULT_TAG = "latest"
# The date or build number behind a tag, its leading version, and words in it.
DATED = regex(r"[-.](?:20)?\d{6}(?:\.\d+)*$")
LEADING = regex(r"(v?\d+(?:\.\d+)*)(.*)")
WORDS = regex(r"[a-z]{3,}")
VARIABLE = regex(r"\$\{[^}]*\}?|\$\w+")
# Source: the OCI distribution specification, "Pulling manifests".
LONGEST_TAG = 128
WINDOWS = frozenset(("windowsservercore", "nanoserver", "servercore", "windows"))
PLACEHOLDER = regex(r"\{(\w+)\}|(\*)")


class BaseImage(Struct, frozen=True):
    """What is known of a base image; None means not known, and the text `none` that there is no such thing in the image."""

    # the name without registry and tag, short for images of Docker Hub: `debian`, `owner/name`
    repository: str
    # the tag, `latest` when none is named; None when only a digest is
    tag: str | None
    # the user that commands run as before any USER: `root`, a name or a number
    user: str | None
    # what /bin/sh is: `dash`, `ash`, `bash`, `busybox` or `none`; `cmd` for Windows
    shell: str | None
    # a command, such as `apt`, `apk` or `dnf`, or `none`
    package_manager: str | None
    # such as `debian` or `alpine`
    distribution: str | None
    # the distribution's release: a code name such as `bookworm`, or a number
    release: str | None
    # `none`, or `exec` where it only runs the command that it is given
    entrypoint: str | None
    # the folder that commands run in before any WORKDIR
    workdir: str | None
    # programs that are installed; the list is not complete
    tools: frozenset[str]
    # bytes of linux/amd64 as pulled
    compressed_bytes: int | None
    # bytes of linux/amd64 unpacked
    disk_bytes: int | None
    # where the two sizes come from; None when neither is known
    basis: Basis | None
    # where the two sizes were read, in words; None when neither is known
    source: str | None
    # the day on which they were read, ISO 8601; None when neither is known
    date: str | None

    @property
    def runs_as_root(self) -> bool | None:
        """Whether commands run as root before any USER; None when not known."""
        return None if self.user is None else self.user in {"root", "0"}

    @property
    def runs_commands_as_given(self) -> bool:
        """Whether CMD is surely run as it stands: no entrypoint looks at it first."""
        return self.entrypoint in {"none", "exec"}


class ImageReference(Struct, frozen=True):
    """An image reference in parts."""

    # the name, short for images of Docker Hub: `debian`, `owner/name`
    repository: str
    # the tag, `latest` when none is named; None when only a digest is
    tag: str | None
    # such as `sha256:...`; None when none is named
    digest: str | None


class _Row(Struct, frozen=True):
    """One `[[image]]` for one of its patterns of repositories and one of its patterns of tags."""

    # a pattern of repositories
    repository: str
    # a pattern of tags
    tag: str
    # the entry without its patterns: what holds for the images
    values: dict[str, Any]
    # its place among the entries of the file
    place: int

    @property
    def weight(self) -> tuple[int, int, int]:
        """More plain text is more specific, the repository's first; a `*` is less specific than a placeholder."""
        repository, tag = (len(PLACEHOLDER.sub("", pattern)) for pattern in (self.repository, self.tag))
        return (repository, tag, -self.tag.count("*"))


class _ImageData(Struct, frozen=True):
    """The table as images.toml has it."""

    # the `[[image]]` entries, in the order of the file
    entries: list[dict[str, Any]]
    # for each repository that is named without a pattern the places of its entries
    plain: dict[str, list[int]]
    # the patterns of repositories, each with the place of its entry
    patterns: list[tuple[str, int]]
    # code names of releases, by distribution and number
    releases: dict[str, dict[str, str]]
    # what the short names of sources stand for
    sources: dict[str, str]
    # prefixes of Docker Hub and its mirrors, which are left out of names
    hub: tuple[str, ...]
    # namespaces of the official images for one kind of processor
    architectures: frozenset[str]
    # regular expressions by the name of the placeholder
    placeholders: dict[str, str]


def parse_reference(reference: str) -> ImageReference:
    """The parts of a reference; names of Docker Hub and of its mirrors are made short, without a tag it is `latest`.

    With a digest and no tag the tag is None: nobody knows which one it was.
    """
    name, _, digest = reference.partition("@")
    repository, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        repository, tag = name, ""
    for prefix in _data().hub:
        if repository.startswith(prefix):
            repository = repository.removeprefix(prefix)
            break
    repository = repository.removeprefix("library/")
    return ImageReference(repository, tag or (None if digest else DEFAULT_TAG), digest or None)


@lru_cache(10_000)
def lookup(reference: str) -> BaseImage | None:
    """What is known of the image; None for a repository that is not known, or a name that holds a variable.

    All rows that match speak, the more specific one last: a tag that is not known keeps what holds for all tags of its
    repository, and has no sizes.
    """
    if "$" in reference or not reference:
        return None
    return _lookup(parse_reference(reference))


def unknown(reference: str) -> BaseImage:
    """An image of which nothing is known."""
    image = parse_reference(reference)
    return BaseImage(
        image.repository, image.tag, user=None, workdir=None, shell=None, package_manager=None, distribution=None, release=None, entrypoint=None,
        tools=frozenset(), compressed_bytes=None, disk_bytes=None, basis=None, source=None, date=None,
    )  # fmt: skip


def alike(reference: str) -> tuple[BaseImage, ...]:
    """The images with a size that are most like one without: of its line, else all of its repository like it.

    `8.0.4-jammy` is of the line `8.0-jammy`, `bookworm-20240513` of `bookworm`. A variable in the tag stands for any text;
    of the others, those whose tags have most words of it in common (`slim`, `jre`, `alpine`). Empty for a repository
    that is not known, and for a tag of Windows where none is.
    """
    named = parse_reference(reference)
    if "$" in named.repository:
        return ()
    if named.tag is not None and "$" not in named.tag:
        for tag in _lines(named.tag):
            found = _lookup(ImageReference(named.repository, tag, None))
            if found is not None and found.basis is not None:
                return (found,)
    return _likely(named)


def _lines(tag: str) -> list[str]:
    """A tag without its date, then with fewer and fewer parts of its version; none of what is too long for a tag."""
    if len(tag) > LONGEST_TAG:
        return []
    found = []
    plain = DATED.sub("", tag)
    if plain != tag:
        found.append(plain)
    version = LEADING.match(plain)
    while version is not None and "." in version[1]:
        plain = version[1].rpartition(".")[0] + version[2]
        found.append(plain)
        version = LEADING.match(plain)
    return found


def _likely(named: ImageReference) -> tuple[BaseImage, ...]:
    """The images of a repository whose tags share most words with a tag."""
    data = _data()
    rows = [
        row
        for row in _speaking_of(_official(named.repository))
        if {"compressed_mb", "disk_mb"} & row.values.keys()
    ]
    words = _words(named.tag or "")
    if not rows:
        return ()
    shared = [len(words & _words(row.tag)) for row in rows]
    if words & WINDOWS and not max(shared):
        return ()
    # what is for Windows is nothing that another tag may stand for
    best = max(shared)
    chosen = [row for row, count in zip(rows, shared, strict=True) if count == best]
    chosen = [row for row in chosen if words & WINDOWS or not _words(row.tag) & WINDOWS]
    return tuple(_image(named, row.values | {"release": None}, {}, data) for row in chosen)


def _words(tag: str) -> frozenset[str]:
    """The words of a tag, or of a pattern of tags: `8.0-jdk17-alpine` has jdk and alpine."""
    return frozenset(WORDS.findall(VARIABLE.sub("", tag)))


def _official(repository: str) -> str:
    """The name of an official image without the architecture in front: `arm64v8/debian` is `debian`."""
    architecture, _, name = repository.partition("/")
    return name if architecture in _data().architectures and name and "/" not in name else repository


@lru_cache(1000)
def _lookup(image: ImageReference) -> BaseImage | None:
    data = _data()
    values: dict[str, Any] = {}
    captured: dict[str, str] = {}
    for row in _speaking_of(_official(image.repository)):
        found = _captured(row.tag, image.tag or "")
        if found is None:
            continue
        values |= row.values
        captured |= found
    if not values:
        return None
    return _image(image, values, captured, data)


def _image(image: ImageReference, values: dict[str, Any], captured: dict[str, str], data: _ImageData) -> BaseImage:
    distribution = values.get("distribution")
    release = values.get("release")
    if release is not None:
        release = PLACEHOLDER.sub(lambda match: captured.get(match[1] or "", ""), release) or None
        release = data.releases.get(distribution or "", {}).get(release or "", release)
    compressed, disk = (_bytes(values.get(key)) for key in ("compressed_mb", "disk_mb"))
    sized = compressed is not None or disk is not None
    return BaseImage(
        repository=image.repository,
        tag=image.tag,
        user=values.get("user"),
        shell=values.get("shell"),
        package_manager=values.get("package_manager"),
        distribution=distribution,
        release=release,
        entrypoint=values.get("entrypoint"),
        workdir=values.get("workdir"),
        tools=frozenset(values.get("tools", ())),
        compressed_bytes=compressed,
        disk_bytes=disk,
        basis=Basis(values["basis"]) if sized else None,
        source=data.sources[values["source"]] if sized else None,
        date=values["date"] if sized else None,
    )


def _bytes(megabytes: float | None) -> int | None:
    return None if megabytes is None else round(megabytes * 1_000_000)


@lru_cache(1000)
def _speaking_of(repository: str) -> list[_Row]:
    """The rows of a repository, the more specific last."""
    data = _data()
    found = [(repository, place) for place in data.plain.get(repository, ())]
    found += ((pattern, place) for pattern, place in data.patterns if _captured(pattern, repository) is not None)
    rows = (row for pattern, place in found for row in _rows(data.entries[place], pattern, place))
    return sorted(rows, key=lambda row: (row.weight, row.place))


@cache
def _data() -> _ImageData:
    data = tables.table(DATA)
    entries = data["image"]
    plain: dict[str, list[int]] = {}
    patterns: list[tuple[str, int]] = []
    for place, entry in enumerate(entries):
        for repository in entry["repositories"]:
            if "*" in repository:
                patterns.append((repository, place))
            else:
                plain.setdefault(repository, []).append(place)
    return _ImageData(
        entries,
        plain,
        patterns,
        data["releases"],
        data["sources"],
        tuple(data["hub"]),
        frozenset(data["architectures"]),
        data["placeholders"],
    )


def _rows(entry: dict[str, Any], repository: str, place: int) -> list[_Row]:
    """The rows of an `[[image]]` for one of its patterns of repositories: one for each pattern of a tag."""
    values = {key: value for key, value in entry.items() if key not in {"repositories", "tags"}}
    if {"compressed_mb", "disk_mb"} & values.keys():
        values = {"compressed_mb": None, "disk_mb": None} | values
    tags = entry.get("tags", ["*"])
    return [_Row(repository, tag, values, place) for tag in tags]


def _captured(pattern: str, name: str) -> dict[str, str] | None:
    """What the placeholders of a pattern stand for in a name; None when it is not of that pattern."""
    if PLACEHOLDER.search(pattern) is None:
        return {} if name == pattern else None
    # most patterns are those of other names, and to compile one takes longer than all else here
    if not all(text in name for text in _literals(pattern)):
        return None
    match = _compile(pattern).fullmatch(name)
    return None if match is None else {key: text for key, text in match.groupdict().items() if text}


@cache
def _literals(pattern: str) -> list[str]:
    """What of a pattern stands for itself."""
    return PLACEHOLDER.sub("\n", pattern).split("\n")


@cache
def _compile(pattern: str) -> re.Pattern[str]:
    """A pattern of names: `*` is any text, `{name}` one of the placeholders, all else stands for itself.

    What the first placeholder of a name stands for is captured.
    """
    parts = []
    seen = set()
    end = 0
    for match in PLACEHOLDER.finditer(pattern):
        parts.append(re.escape(pattern[end : match.start()]))
        group = f"P<{match[1]}>" if match[1] not in seen else ":"
        parts.append(f"(?{group}{_data().placeholders[match[1]]})" if match[1] else ".*")
        seen.add(match[1])
        end = match.end()
    return re.compile("".join(parts) + re.escape(pattern[end:]))
