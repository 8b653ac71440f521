"""Images as `docker save` writes them: an archive of layers, a configuration and a manifest, read as a stream.

Source: docker's image specification v1.2, "Combined Image JSON + Filesystem Changeset Format"; newer engines write an OCI
layout with the same manifest.json beside it.
"""

from __future__ import annotations

import json
import posixpath
import tarfile
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from msgspec import Struct

from dockerlint.lint.storage.lazy_regex import regex

from .image_files import ArchiveError, flatten, read_layer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import IO

    from .image_files import ImageEntry, ImageLayer

MANIFEST = "manifest.json"
# far more than any configuration takes
LARGEST_JSON = 16_000_000
FIRST = 512
# Names that say what a layer and those below it hold: docker and its like name layers by their digests.
DIGEST = regex(r"[0-9a-f]{64}")


class ImageStep(Struct, frozen=True):
    """What an instruction added: bytes of its layer, and the instruction as the engine noted it."""

    size: int
    instruction: str


class Image(Struct, frozen=True, dict=True):
    """An image: its configuration as the engine's JSON has it, and its layers, the base's first."""

    config: Mapping[str, Any]
    layers: tuple[ImageLayer, ...]

    @cached_property
    def files(self) -> dict[str, ImageEntry]:
        """What a container would see, by absolute path."""
        return flatten(self.layers)

    @property
    def size(self) -> int:
        """Bytes of all layers."""
        return sum(layer.size for layer in self.layers)

    @property
    def steps(self) -> tuple[ImageStep, ...]:
        """What each layer adds, and which instruction made it."""
        history = [item for item in self.config.get("history") or () if not item.get("empty_layer")]
        made = [str(item.get("created_by") or item.get("comment") or "") for item in history]
        made += [""] * (len(self.layers) - len(made))
        return tuple(ImageStep(layer.size, text) for layer, text in zip(self.layers, made, strict=False))


class Reader:
    """Reads archives; a layer that several images share is read once."""

    def __init__(self) -> None:
        self._known: dict[str, ImageLayer] = {}

    def read(self, stream: IO[bytes]) -> Image:
        """The image of an archive. Raises ArchiveError."""
        layers: dict[str, ImageLayer] = {}
        texts: dict[str, bytes] = {}
        same: dict[str, str] = {}
        try:
            with tarfile.open(fileobj=stream, mode="r|") as tar:
                for member in tar:
                    name = posixpath.normpath(member.name)
                    if member.issym() or member.islnk():
                        above = posixpath.dirname(name) if member.issym() else ""
                        same[name] = posixpath.normpath(posixpath.join(above, member.linkname))
                    elif member.isfile():
                        self._member(tar, member, name, layers, texts)
        except (tarfile.TarError, EOFError, OSError, ValueError) as error:
            raise ArchiveError(f"the engine's archive of the image cannot be read: {error}") from error
        return _image(layers, texts, same)

    def _member(
        self, tar: tarfile.TarFile, member: tarfile.TarInfo, name: str, layers: dict[str, ImageLayer], texts: dict[str, bytes]
    ) -> None:
        if name in self._known:
            layers[name] = self._known[name]
            return
        source = tar.extractfile(member)
        assert source
        first = source.read(FIRST)
        if first[:1] in (b"{", b"["):
            if member.size > LARGEST_JSON:
                raise ArchiveError(f"the engine's archive of the image has a text of {member.size} bytes")
            texts[name] = first + source.read()
        elif member.size >= FIRST or name.endswith(".tar"):
            layers[name] = read_layer(cast("IO[bytes]", _Resumed(first, source)))
            if DIGEST.search(name):
                self._known[name] = layers[name]


class _Resumed:
    """A stream of which the first bytes were read already."""

    def __init__(self, first: bytes, rest: Any) -> None:
        self._first = first
        self._rest = rest

    def read(self, size: int) -> bytes:
        """So many bytes, fewer at the end."""
        head, self._first = self._first[:size], self._first[size:]
        if len(head) == size:
            return head
        return head + cast("bytes", self._rest.read(size - len(head)))


def _image(layers: Mapping[str, ImageLayer], texts: Mapping[str, bytes], same: Mapping[str, str]) -> Image:
    try:
        manifest = json.loads(texts[MANIFEST])[0]
        config = json.loads(texts[posixpath.normpath(manifest["Config"])])
        names = [posixpath.normpath(name) for name in manifest["Layers"] or ()]
        return Image(config, tuple(layers[_meant(name, layers, same)] for name in names))
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise ArchiveError(f"the engine's archive of the image lacks {error}") from error


def _meant(name: str, layers: Mapping[str, ImageLayer], same: Mapping[str, str]) -> str:
    """The member that a name stands for: layers that are equal are written once, and linked to."""
    for _ in range(len(same) + 1):
        if name in layers:
            break
        name = same[name]
    return name
