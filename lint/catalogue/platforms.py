"""Platforms: how the builder reads them, and what the name of an image says of its own."""

from __future__ import annotations

from typing import NamedTuple

from dockerlint.lint.storage.lazy_regex import regex

from .base_images import parse_reference


class Platform(NamedTuple):
    """Operating system and architecture, by the names that the builder uses."""

    os: str
    architecture: str

    def __str__(self) -> str:
        return f"{self.os}/{self.architecture}"


# Docker Hub's namespaces of the official images for one architecture each. Source: the page "official-images", "Architectures
# other than amd64".
NAMESPACES = {
    "amd64": Platform("linux", "amd64"),
    "arm32v5": Platform("linux", "arm"),
    "arm32v6": Platform("linux", "arm"),
    "arm32v7": Platform("linux", "arm"),
    "arm64v8": Platform("linux", "arm64"),
    "i386": Platform("linux", "386"),
    "mips64le": Platform("linux", "mips64le"),
    "ppc64le": Platform("linux", "ppc64le"),
    "riscv64": Platform("linux", "riscv64"),
    "s390x": Platform("linux", "s390x"),
}
# Other names of architectures. Source: containerd's package platforms.
ARCHITECTURES = {
    "x86_64": "amd64",
    "x86-64": "amd64",
    "aarch64": "arm64",
    "armhf": "arm",
    "armel": "arm",
    "i386": "386",
}

# Source: containerd's package platforms, the lists of Go's operating systems and architectures.
OPERATING_SYSTEMS = frozenset(
    "aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris windows zos".split()
)
OTHER_SYSTEMS = {"macos": "darwin"}
KNOWN_ARCHITECTURES = frozenset(
    "386 amd64 amd64p32 arm armbe arm64 arm64be loong64 mips mipsle mips64 mips64le mips64p32 mips64p32le ppc ppc64 ppc64le "
    "riscv riscv64 s390 s390x sparc sparc64 wasm".split()
)
MOST_PARTS = 3
_PART = regex(r"[A-Za-z0-9_.-]+\Z")
_SYSTEM = regex(r"[A-Za-z0-9_.-]+(?:\([A-Za-z0-9_.-]*(?:\+[A-Za-z0-9_.-]+)*\))?\Z")


def platform_problem(text: str) -> str | None:
    """Why the builder refuses the text after `--platform=`; None when it does not."""
    like = f"{text!r} is not a platform: write it like linux/amd64 or linux/arm/v7"
    first, *others = text.split("/")
    if len(others) >= MOST_PARTS or not _SYSTEM.match(first) or not all(map(_PART.match, others)):
        return like
    if others:
        return None
    name = first.partition("(")[0].lower()
    if OTHER_SYSTEMS.get(name, name) in OPERATING_SYSTEMS or ARCHITECTURES.get(name, name) in KNOWN_ARCHITECTURES:
        return None
    return f"{text!r} is neither an operating system nor an architecture: write both, like linux/amd64"


def parse(text: str) -> Platform | None:
    """A platform as `--platform` takes it, with its operating system; None when that does not say both."""
    os, _, rest = text.lower().partition("/")
    architecture = rest.partition("/")[0]
    return Platform(os, ARCHITECTURES.get(architecture, architecture)) if os and architecture else None


def of_image(reference: str) -> Platform | None:
    """The only platform that the image is for; None when its name does not say."""
    namespace, slash, name = parse_reference(reference).repository.partition("/")
    return NAMESPACES.get(namespace) if slash and "/" not in name else None


def plain_repository(repository: str) -> str:
    """The official image's own name: `arm64v8/python` is `python`."""
    namespace, _, name = repository.partition("/")
    return name if namespace in NAMESPACES and "/" not in name else repository
