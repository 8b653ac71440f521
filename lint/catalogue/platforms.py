"""Platforms: how the builder reads them, and what the name of an image says of its own."""

from __future__ import annotations

from typing import NamedTuple

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
